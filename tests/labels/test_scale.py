from dataclasses import replace

import pytest
import torch
from safetensors.torch import load, save

from mvlr_mm.json_tensor import encode
from mvlr_mm.labels.scale import NameScale, read_name_scale, write_name_scale


@pytest.fixture
def scale():
    patches = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(0))
    return NameScale(('cat', 'Öl'), ('sky',), 0.75, -2.5, 'ab', (2, 3), patches.half())


def test_what_is_written_is_read(scale, tmp_path):
    path = tmp_path / 'new' / 'names.safetensors'
    write_name_scale(path, scale)
    found = read_name_scale(path)
    assert torch.equal(found.patches, scale.patches)
    assert replace(found, patches=scale.patches).__dict__ == scale.__dict__


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(classes=()), 'classes must be names'),
        (dict(generic=(3,)), 'generic must be names'),
        (dict(slope=float('nan')), r'slope \(nan\)'),
        (dict(grid=(2, 2)), r'grid of \(2, 2\)'),
        (dict(patches=torch.zeros(1, 6, 4).half()), 'of none or two pictures'),
        (dict(patches=torch.zeros(2, 6, 4)), r'torch.float32\) must be finite'),
        (dict(patches=torch.full((2, 6, 4), torch.inf).half()), 'must be finite'),
    ],
)
def test_what_cannot_be_a_scale(scale, change, message):
    with pytest.raises(ValueError, match=message):
        replace(scale, **change)


@pytest.mark.parametrize(
    'damage',
    [
        lambda x: x[:-3],
        lambda x: b'',
        lambda x: save({'patches': torch.zeros(2, 6, 4)}),
        lambda x: save({**load(x), 'more': torch.zeros(1)}),
        lambda x: save({**load(x), 'settings': encode({'format': 'other'})}),
        lambda x: save({**load(x), 'settings': encode({'format': 'mvlr-names-1'})}),
        lambda x: save({**load(x), 'settings': torch.zeros(3, dtype=torch.uint8)}),
    ],
)
def test_other_files_are_refused(scale, tmp_path, damage):
    path = tmp_path / 'names.safetensors'
    path.write_bytes(damage(scale.to_bytes()))
    with pytest.raises(
        ValueError, match=r'names\.safetensors: it is no scale of new'
    ) as e:
        read_name_scale(path)
    # `mvlr names --overwrite` reads the model, and so this, before it writes
    assert 'Take it away' in str(e.value)


def test_the_labels_of_another_model(scale):
    scale.check(['cat', 'Öl'])
    with pytest.raises(ValueError, match=r"2 labels \('cat', \.\.\.\), and the model"):
        scale.check(['Öl', 'cat'])


def test_the_weights_of_another_training(scale):
    scale.check_weights('ab')
    with pytest.raises(ValueError, match=r'other weights of prompts and head'):
        scale.check_weights('abc')
