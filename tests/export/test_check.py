import numpy as np
import pytest
import torch

from mvlr_mm.export.check import check_scores, example_pictures, torch_scorer


def test_two_sizes_and_three_batch_sizes():
    shapes = [images.shape for images in example_pictures(64, 96, 32)]
    assert shapes == [(b, 3, *s) for s in ((64, 96), (96, 160)) for b in (1, 2, 3)]


def test_one_size_where_there_is_no_other():
    shapes = [images.shape for images in example_pictures(64, 96, None)]
    assert shapes == [(b, 3, 64, 96) for b in (1, 2, 3)]


def test_other_scores_at_one_size_are_found():
    def mean(images):
        return images.mean(axis=(2, 3))

    def wrong(images):
        return mean(images) + 2e-4 * (images.shape[0] == 3)

    assert check_scores(mean, mean, 64, 64, 32) == 0
    with pytest.raises(RuntimeError, match=r'differ .* by 0.0002 at \(3, 3, 64, 64\)'):
        check_scores(wrong, mean, 64, 64, 32)
    with pytest.raises(RuntimeError, match='nan'):
        check_scores(lambda x: mean(x) * np.nan, mean, 64, 64, 32)


def test_a_module_as_scorer():
    scorer = torch_scorer(torch.nn.Flatten())
    images = np.ones((2, 3, 1, 1), np.float32)
    np.testing.assert_array_equal(scorer(images), images[:, :, 0, 0])
