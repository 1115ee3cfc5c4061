import numpy as np
import pytest

from mvlr_mm.evaluation.average_precision import (
    AP_MODES,
    average_precision,
)
from mvlr_mm.evaluation.bootstrap import map_interval
from mvlr_mm.evaluation.means import mean_over_labels


@pytest.mark.parametrize('mode', list(AP_MODES))
@pytest.mark.parametrize('empty', ['skip', 'zero'])
@pytest.mark.parametrize('kind', ['random', 'tied', 'rare', 'unknown'])
def test_equal_to_evaluating_every_resample(cases, mode, empty, kind):
    scores, targets = cases(kind)
    known = (targets >= 0).any(axis=0)
    rng = np.random.default_rng(7)
    means = []
    for _ in range(130):  # more than are in memory at once
        drawn = rng.integers(60, size=60)
        ap = average_precision(scores[drawn], targets[drawn], mode, empty)
        means.append(mean_over_labels(ap[known], empty))
    expected = np.nanpercentile(means, [2.5, 97.5])
    found = map_interval(scores, targets, mode, empty, resamples=130, seed=7)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_seed_decides_and_the_level_widens(cases):
    scores, targets = cases('random')
    found = [map_interval(scores, targets, resamples=50, seed=s) for s in (0, 0, 1)]
    assert found[0] == found[1] != found[2]
    narrow = map_interval(scores, targets, resamples=50, level=0.5)
    assert found[0].low < narrow.low < narrow.high < found[0].high


def test_the_interval_narrows_with_the_images():
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, (4000, 2))
    scores = targets + rng.normal(size=(4000, 2))
    wide, narrow = (map_interval(scores[:n], targets[:n]) for n in (250, 4000))
    ratio = (wide.high - wide.low) / (narrow.high - narrow.low)
    assert 3 < ratio < 5.3  # the square root of 16


def test_no_positive_at_all_gives_nan(cases):
    scores, targets = cases('random')
    assert np.isnan(map_interval(scores, 0 * targets, resamples=3)).all()


def test_bad_arguments_are_explained(cases):
    with pytest.raises(ValueError, match=r'resamples \(0\) must be at least 1'):
        map_interval(*cases('random'), resamples=0)
    with pytest.raises(ValueError, match=r'level \(95\) must lie between 0 and 1'):
        map_interval(*cases('random'), level=95)
    with pytest.raises(ValueError, match=r"mode \('x'\)"):
        map_interval(*cases('random'), mode='x')
    with pytest.raises(ValueError, match=r"empty \('x'\)"):
        map_interval(*cases('random'), empty='x')
