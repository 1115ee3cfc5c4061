import numpy as np

from mvlr_mm.datasets.scenes.layout import FEWEST, SKY_THINGS, make_layout


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
