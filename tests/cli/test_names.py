import re
import shutil

import numpy as np
import pytest

from mvlr_mm.apis import MultiLabelInferencer, load_model
from mvlr_mm.labels.scale import read_name_scale
from mvlr_mm.packs import read_pack
from mvlr_stack.command import main

VAL = """
val_dataloader = dict(
    test_dataloader,
    dataset=dict(test_dataloader['dataset'], pipeline=test_dataloader['dataset'][
        'pipeline']))
val_evaluator = test_evaluator
val_cfg = dict()
"""


@pytest.fixture(scope='module')
def run_folder(trained, tmp_path_factory):
    """A work dir whose config has a val set, too."""
    folder = tmp_path_factory.mktemp('names') / 'run'
    shutil.copytree(trained.folder, folder)
    config = folder / trained.config.name
    config.write_text(config.read_text() + VAL)
    return folder


@pytest.fixture(scope='module')
def measured(run_folder):
    assert main(['names', str(run_folder), '--pictures', '5', '--device', 'cpu']) == 0
    return run_folder


def test_the_file_lies_beside_the_checkpoint_and_is_used(measured, trained, capsys):
    scale = read_name_scale(measured / 'names.safetensors')
    assert scale.classes == ('cat', 'dog', 'boat')
    assert scale.patches.shape == (5, 16, 16)
    options = dict(classes=['zebra', 'dog'], fmt='scores')
    before, after = (
        MultiLabelInferencer(folder, device='cpu')(trained.pictures[:3], **options)
        for folder in (trained.folder, measured)
    )
    for a, b in zip(before, after, strict=True):
        assert a.scores[1] == b.scores[1]
        assert a.scores[0] != b.scores[0]
    words = ['infer', trained.pictures[0], '--classes', 'zebra', '--thr', '0']
    main([*words, '--model', str(measured), '--device', 'cpu'])
    assert f'zebra {after[0].scores[0]:.2f}' in capsys.readouterr().out


def test_it_says_what_came_out(measured, tmp_path, capsys):
    out = str(tmp_path / 'other.safetensors')
    main(['names', str(measured), '--out', out, '--device', 'cpu'])
    printed = capsys.readouterr().out
    first = printed.splitlines()[-3]
    numbers = r'slope -?\d+\.\d{3}, bias -?\d+\.\d{3}'
    assert re.fullmatch(f'7 pictures, 0 of them kept; {numbers}', first)
    assert 'calibration error' in printed
    assert printed.rstrip().endswith(f'scale of new names: {out}')


def test_a_pack_carries_it(measured, trained, tmp_path, capsys):
    pack, small = str(tmp_path / 'pack'), str(tmp_path / 'small')
    main(['pack', str(measured), '--out', pack])
    assert 'brings their scores to the scale' in capsys.readouterr().out
    main(['pack', str(measured), '--out', small, '--without-text'])
    assert read_pack(small).name_scale is None
    options = dict(classes=['zebra', 'moon', 'cat'], fmt='scores')
    own, packed = (
        MultiLabelInferencer(source, device='cpu')(trained.pictures, **options)
        for source in (measured, pack)
    )
    for a, b in zip(own, packed, strict=True):
        np.testing.assert_array_equal(a.scores, b.scores)


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--out', 'a.json'], 'must be a .safetensors file'),
        ([], 'names.safetensors exists'),
    ],
)
def test_what_is_refused(measured, capsys, words, message):
    with pytest.raises(SystemExit, match='2'):
        main(['names', str(measured), *words])
    assert message in capsys.readouterr().err


def test_a_model_without_a_val_set(trained, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['names', str(trained.folder)])
    assert 'no val_dataloader' in capsys.readouterr().err
    assert load_model(trained.folder).name_scale is None
