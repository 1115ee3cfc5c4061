import numpy as np

from mvlr_mm.datasets.scenes import layout as module
from mvlr_mm.datasets.scenes.layout import EDGE, FEWEST, SKY_THINGS, make_layout


def test_rules_hold_in_many_layouts():
    for seed in range(3000):
        layout = make_layout(np.random.default_rng(seed))
        names = {place.name for place in layout.places}
        has_sea = layout.shore > layout.horizon
        assert len(names) + has_sea >= FEWEST - 1  # one of an excluded pair may go
        assert not {'sun', 'moon'} <= names
        assert not {'sun', 'star'} <= names
        assert has_sea or 'boat' not in names
        feet = [place.foot for place in layout.places]
        assert feet == sorted(feet)
        for place in layout.places:
            assert (place.foot <= layout.horizon) == (place.name in SKY_THINGS)
            if place.name == 'boat':
                assert layout.horizon < place.foot <= layout.shore


def test_far_things_are_smaller():
    near, far = [], []
    for seed in range(500):
        layout = make_layout(np.random.default_rng(seed))
        people = [p for p in layout.places if p.name == 'person']
        near += [p.side for p in people if p.foot > 0.9]
        far += [p.side for p in people if p.foot < 0.7]
    assert np.mean(far) < 0.85 * np.mean(near)


def test_things_stay_within_the_frame():
    for seed in range(300):
        for place in make_layout(np.random.default_rng(seed)).places:
            assert EDGE * place.side <= place.x <= 1 - EDGE * place.side
            assert place.foot - place.side > -0.15


def _hidden():
    """Return how much of a scene lies below more than one box, over many scenes."""
    shared = 0.0
    for seed in range(200):
        boxes = np.zeros((100, 100), int)
        for place in make_layout(np.random.default_rng(seed)).places:
            rows = slice(
                round(100 * max(place.foot - place.side, 0)), round(100 * place.foot)
            )
            left, right = place.x - place.side / 2, place.x + place.side / 2
            boxes[rows, round(100 * max(left, 0)) : round(100 * right)] += 1
        shared += (boxes > 1).mean()
    return shared / 200


def test_the_freest_of_some_spots_is_taken(monkeypatch):
    few = _hidden()
    monkeypatch.setattr(module, 'SPOTS', 1)
    assert few < 0.8 * _hidden()
