import numpy as np
import pytest

from mvlr_mm.projects.stratify import spread_rare, stratify

SHARES = [0.7, 0.15, 0.15]


def published(labels_of, shares, order):
    """Algorithm 1 of the paper, line by line; what is equal goes to the first."""
    rest = list(order)
    wanted = [len(rest) * share for share in shares]
    names = sorted({name for i in rest for name in labels_of[i]})
    count = {name: sum(name in labels_of[i] for i in rest) for name in names}
    wanted_of = [{n: count[n] * share for n in names} for share in shares]
    subset = {}
    while rest:
        left = {n: sum(n in labels_of[i] for i in rest) for n in names}
        left = {n: number for n, number in left.items() if number}
        if not left:
            break
        rarest = min(left, key=lambda n: (left[n], n))
        for i in [i for i in rest if rarest in labels_of[i]]:
            most = max(w[rarest] for w in wanted_of)
            tied = [j for j, w in enumerate(wanted_of) if w[rarest] == most]
            j = max(tied, key=lambda j: (wanted[j], -j))
            subset[i] = j
            rest.remove(i)
            for name in labels_of[i]:
                wanted_of[j][name] -= 1
            wanted[j] -= 1
    for i in rest:
        j = max(range(len(shares)), key=lambda j: (wanted[j], -j))
        subset[i] = j
        wanted[j] -= 1
    return [subset[i] for i in range(len(labels_of))]


def draw(seed, count=200, labels=12):
    """States with labels from frequent to rare, some pictures without any."""
    rng = np.random.default_rng(seed)
    return (rng.random((count, labels)) < np.geomspace(0.5, 0.01, labels)).astype(int)


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize('shares', [SHARES, [0.8, 0.2], [0.25] * 4])
def test_it_is_the_published_algorithm(seed, shares):
    states = draw(seed)
    labels_of = [set(np.flatnonzero(row)) for row in states]
    order = np.random.default_rng(seed).permutation(len(states))
    expected = published(labels_of, shares, order)
    assert stratify(states, shares, seed).tolist() == expected


def test_every_label_has_its_share_and_the_seed_decides():
    states = draw(0, count=1000)
    part = stratify(states, SHARES, 3)
    assert (part == stratify(states, SHARES, 3)).all()
    assert (part != stratify(states, SHARES, 4)).any()
    for i, share in enumerate(SHARES):
        expected = share * states.sum(0)
        assert np.abs(states[part == i].sum(0) - expected).max() < 2.5


def test_the_algorithm_alone_leaves_a_rare_label_out_and_spreading_mends_it():
    states = np.ones((3, 1))
    assert sorted(stratify(states, SHARES, 0)) == [0, 0, 1]
    part = spread_rare(states, stratify(states, SHARES, 0), 3)
    assert sorted(part) == [0, 1, 2]


@pytest.mark.parametrize('seed', range(20))
def test_each_label_with_three_pictures_is_in_each_part(seed):
    rng = np.random.default_rng(seed)
    states = np.zeros((300, 40), int)
    for label in range(40):  # a long tail: half of them have three to six pictures
        count = rng.integers(3, 7) if label % 2 else rng.integers(7, 60)
        states[rng.choice(300, count, replace=False), label] = 1
    before = stratify(states, SHARES, seed)
    part = spread_rare(states, before, 3)
    counts = np.stack([states[part == i].sum(0) for i in range(3)])
    assert counts.min() >= 1
    assert (part != before).mean() < 0.15


def test_no_label_is_lost_by_spreading_another_one():
    # both pictures of B are needed where they are; A can do without the third alone
    states = np.array([[1, 1], [1, 0], [1, 0], [0, 1], [0, 1]])
    part = spread_rare(states, np.array([0, 0, 1, 1, 2]), 3)
    assert part.tolist() == [0, 2, 1, 1, 2]


def test_a_label_of_two_pictures_stays_where_it_is():
    states = np.array([[1], [1], [0]])
    assert spread_rare(states, np.array([0, 0, 1]), 3).tolist() == [0, 0, 1]


def test_known_pictures_stay_and_count_as_their_parts():
    states = (np.random.default_rng(0).random((300, 4)) < 0.3).astype(np.int8)
    known = np.full(300, -1)
    known[:30], known[30:40], known[40:60] = 2, 1, 0
    part = stratify(states, SHARES, 0, known)
    assert (part[:60] == known[:60]).all()
    assert np.abs(np.bincount(part) - 300 * np.array(SHARES)).max() <= 3
    for i, share in enumerate(SHARES):
        assert np.abs(states[part == i].sum(0) - share * states.sum(0)).max() <= 3


class _Counted(np.ndarray):
    asked = 0

    def __getitem__(self, key):
        _Counted.asked += 1
        return super().__getitem__(key)


def test_known_pictures_are_put_in_order_once():
    known = np.zeros(50, int).view(_Counted)
    stratify(np.ones((50, 1), np.int8), SHARES, 0, known)
    assert _Counted.asked <= 60  # not all of them for each


def test_known_pictures_are_not_moved_for_a_rare_label():
    states = np.ones((6, 1), np.int8)
    known = np.array([0, 0, 0, -1, 0, 1])
    part = spread_rare(states, np.array([0, 0, 0, 0, 0, 1]), 3, known)
    assert part.tolist() == [0, 0, 0, 2, 0, 1]
