import numpy as np
import pytest
import torch

from mvlr_mm.evaluation.columns import checked, per_label


def test_every_label_gets_its_known_entries_in_order(cases):
    scores, targets = cases('unknown')
    scores, targets = np.tile(scores, 9), np.tile(targets, 9)  # several blocks
    found = per_label(lambda *entries: entries, scores, torch.tensor(targets))
    assert len(found) == 63
    for label, (column, positive, rows) in enumerate(found):
        known = targets[:, label] >= 0
        np.testing.assert_array_equal(column, scores[known, label])
        np.testing.assert_array_equal(positive, targets[known, label] == 1)
        np.testing.assert_array_equal(np.arange(60)[rows], np.flatnonzero(known))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_short_types_keep_their_values_in_float32(cases, dtype):
    scores, targets = cases('random')
    scores = torch.tensor(scores).to(dtype).requires_grad_()
    found, labels = checked(scores, torch.tensor(targets, dtype=torch.float32))
    assert (found.dtype, labels.dtype) == (np.float32, np.int8)
    np.testing.assert_array_equal(found, scores.detach().double().numpy())
    half = scores.detach().half().numpy()
    assert checked(half, targets)[0].dtype == np.float32


@pytest.mark.parametrize('read', [checked, lambda s, t: per_label(lambda *_: 0, s, t)])
def test_bad_input_is_explained(cases, read):
    scores, targets = (np.tile(x, 3) for x in cases('random'))
    scores[5, 18] = np.nan
    with pytest.raises(ValueError, match='NaN, first in row 5, label 18: the model'):
        read(scores, targets)
    scores[5, 18] = 0
    for wrong in (2, -2, 0.5, np.nan, 257):
        bad = targets.astype(float)
        bad[4, 17] = wrong
        text = rf'found {float(wrong)} in row 4, label 17'
        with pytest.raises(ValueError, match=text):
            read(scores, bad)
    with pytest.raises(ValueError, match=r'scores \(60, 21\) and targets \(59, 21\)'):
        read(scores, targets[1:])
    with pytest.raises(ValueError, match='not empty'):
        read(scores[:0], targets[:0])
    with pytest.raises(ValueError, match=r'the same shape \(N, C\)'):
        read(scores[0], targets[0])
