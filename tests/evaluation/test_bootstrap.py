import numpy as np
import pytest
from scipy.integrate import trapezoid
from scipy.special import expit, logit
from scipy.stats import norm

from mvlr_mm.evaluation.average_precision import AP_MODES, average_precision
from mvlr_mm.evaluation.bootstrap import map_interval
from mvlr_mm.evaluation.means import mean_over_labels


def half_counted_ap(scores, targets, mode):
    """The AP of one label, where those at the same score as a hit count half."""
    scores, positive = scores[targets >= 0], targets[targets >= 0] == 1
    if not positive.any():
        return np.nan
    points = []
    for score in sorted(set(scores[positive]), reverse=True):
        own = (positive & (scores == score)).sum()
        correct, predicted = (positive & (scores >= score)).sum(), (scores >= score)
        precision = (correct - own / 2) / (predicted.sum() - own / 2)
        points.append((own, correct, precision))
    total = positive.sum()
    if mode == 'voc07':
        best = [max(p for _, c, p in points if 10 * c >= j * total) for j in range(11)]
        return np.mean(best)
    if mode == 'voc10':
        points = [(g, c, max(p for _, d, p in points if d >= c)) for g, c, _ in points]
    return sum(own * precision for own, _, precision in points) / total


def half_counted_map(scores, targets, mode, empty):
    pairs = zip(scores.T, targets.T, strict=True)
    ap = np.array([half_counted_ap(*pair, mode) for pair in pairs])
    return mean_over_labels(ap, empty)


@pytest.mark.parametrize('mode', list(AP_MODES))
@pytest.mark.parametrize('empty', ['skip', 'zero'])
@pytest.mark.parametrize('kind', ['random', 'tied', 'rare', 'unknown'])
def test_equal_to_evaluating_every_resample(cases, mode, empty, kind):
    scores, targets = cases(kind)
    known = (targets >= 0).any(axis=0)
    scores, targets = scores[:, known], targets[:, known]
    rng = np.random.default_rng(7)
    means = []
    for _ in range(70):  # more than are in memory at once
        drawn = rng.integers(60, size=60)
        means.append(half_counted_map(scores[drawn], targets[drawn], mode, empty))
    whole = mean_over_labels(average_precision(scores, targets, mode), empty)
    half = half_counted_map(scores, targets, mode, empty)
    bias, error = np.nanmean(means) - half, np.nanstd(means)
    low, high = half - bias, whole
    steps = norm.ppf(0.975) * np.array([np.sqrt(error**2 + bias**2), error])
    if low > high:
        low, high, steps = high, low, steps[::-1]
    expected = (
        expit(logit(low) - steps[0] / (low * (1 - low))),
        expit(logit(high) + steps[1] / (high * (1 - high))),
    )
    found = map_interval(*cases(kind), mode, empty, resamples=70, seed=7)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def mean_precision(rate, distance):
    """The AP of very many images of a label of which a share ``rate`` is positive.

    Scores of negative images follow N(0, 1), those of positive ones N(distance, 1).
    """
    x = np.linspace(-8, 8, 20001)
    hits, others = rate * norm.sf(x), (1 - rate) * norm.sf(x + distance)
    return trapezoid(norm.pdf(x) * hits / (hits + others), x)


def misses(images, rates, trials, resamples=200):
    """Return how often the mAP of very many images is below and above the interval."""
    rng = np.random.default_rng(0)
    distances = rng.uniform(1, 3, len(rates))
    truth = np.mean(
        [mean_precision(*pair) for pair in zip(rates, distances, strict=True)]
    )
    below = above = 0
    for _ in range(trials):
        targets = (rng.random((images, len(rates))) < rates).astype(np.int8)
        scores = rng.normal(size=targets.shape) + distances * targets
        low, high = map_interval(scores, targets, resamples=resamples)
        below, above = below + (truth < low), above + (truth > high)
    return below / trials, above / trials


def test_the_interval_holds_the_map_of_very_many_images():
    below, above = misses(300, np.geomspace(0.01, 0.4, 12), trials=60, resamples=100)
    assert below + above <= 0.1  # of percentiles it is a third, all below
    assert below <= 0.1


@pytest.mark.slow
@pytest.mark.parametrize(
    ('images', 'rates', 'trials'),
    [
        (100, np.geomspace(0.05, 0.4, 5), 300),
        (300, np.geomspace(0.02, 0.4, 10), 300),
        (1000, np.geomspace(0.1, 0.3, 20), 100),
        (1000, np.geomspace(0.003, 0.3, 20), 200),
        (2000, np.geomspace(0.001, 0.2, 40), 60),
        (5000, np.geomspace(0.0015, 0.5, 80), 60),
    ],
)
def test_coverage_from_many_images_to_labels_with_two_positives(images, rates, trials):
    below, above = misses(images, rates, trials)
    print(f'{images} images, {len(rates)} labels: {below:.3f} below, {above:.3f} above')
    assert below + above <= 0.05 + 3 * (0.05 * 0.95 / trials) ** 0.5


def test_the_interval_holds_the_map_and_stays_between_0_and_1(case):
    scores, targets = case
    for mode in AP_MODES:
        known = (targets >= 0).any(axis=0)
        ap = average_precision(scores[:, known], targets[:, known], mode)
        low, high = map_interval(scores, targets, mode, resamples=20)
        assert 0 <= low <= np.nanmean(ap) <= high <= 1
    perfect = np.where(targets == 1, 1.0, 0.0)
    assert map_interval(perfect, targets, resamples=20) == (1, 1)


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
    with pytest.raises(ValueError, match=r'resamples \(0\) must be a whole number'):
        map_interval(*cases('random'), resamples=0)
    for level in (95, 1, 0):
        with pytest.raises(ValueError, match=rf'level \({level}\) must lie between 0'):
            map_interval(*cases('random'), level=level)
    with pytest.raises(ValueError, match=r"mode \('x'\)"):
        map_interval(*cases('random'), mode='x')
    with pytest.raises(ValueError, match=r"empty \('x'\)"):
        map_interval(*cases('random'), empty='x')
