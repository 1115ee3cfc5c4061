import numpy as np
import pytest
import torch

from mvlr_mm.apis import MultiLabelInferencer, load_model
from mvlr_mm.apis.explain import _pixels, explain


@pytest.fixture(scope='module')
def loaded(trained):
    return load_model(trained.folder)


@pytest.fixture(scope='module')
def seen(loaded, trained):
    return list(explain(loaded, trained.pictures))


def test_similarity_is_the_heat_map_of_the_inferencer(loaded, trained, seen):
    infer = MultiLabelInferencer(loaded, device='cpu')
    for one, other in zip(seen, infer(trained.pictures, fmt='heatmap'), strict=True):
        assert one.path == other.path
        np.testing.assert_allclose(one.similarity, other.heatmap, rtol=1e-4, atol=1e-4)


def test_attention_and_relation_by_the_equations(loaded, seen):
    model, one = loaded.model, seen[2]
    pixels = torch.from_numpy(one.pixels.copy()).permute(2, 0, 1)
    with torch.no_grad():
        inputs = model.data_preprocessor({'inputs': [pixels]})['inputs']
        patches = model.backbone(inputs)
        prompted = model.neck.prompt(patches)
        block = model.neck.fusion.patch_attention
        q = block.attention.query(block.norm(prompted.soft))
        k = block.attention.key(block.source_norm(patches.visual))[0]
        weights = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1)
        relation = model.neck.fusion(prompted).relation[0]
    rows, columns = patches.grid
    np.testing.assert_allclose(
        one.attention, weights.reshape(3, rows, columns), atol=2e-6
    )
    np.testing.assert_allclose(one.attention.sum((1, 2)), 1, rtol=1e-5)
    np.testing.assert_allclose(one.relation, relation, atol=1e-5)
    assert one.attention.std() > 0.0003


def test_nothing_is_left_on_the_model(loaded, seen):
    hooks = loaded.model.neck.fusion.patch_attention._forward_hooks
    assert not hooks


def test_a_picture_that_cannot_be_read_is_passed_over(loaded, trained, tmp_path):
    broken = tmp_path / 'broken.png'
    broken.write_bytes(b'nothing')
    paths = [str(broken), trained.pictures[0]]
    assert [one.path for one in explain(loaded, paths)] == paths[1:]


@pytest.mark.parametrize('channels', [1, 3])
def test_pixels_are_whole_numbers_in_three_channels(channels):
    values = torch.tensor([[-3.0, 0.4], [99.6, 300.0]]).expand(channels, 2, 2)
    pixels = _pixels(values)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, [[[0] * 3] * 2, [[100] * 3, [255] * 3]])
