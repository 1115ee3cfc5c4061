from collections import Counter

import pytest

from mvlr_mm.projects.record import Record
from mvlr_mm.projects.splits import make_splits

SHARES = dict(val=0.15, test=0.15)


def records(count, splits=(None,)):
    names = ['cat', 'dog', 'sea', 'sun']
    return [
        Record(f'{i}', f'/{i}.jpg', [names[i % 4]], split=splits[i % len(splits)])
        for i in range(count)
    ]


def sizes(splits):
    return {name: len(found) for name, found in splits.items()}


def make(found, seed=0, known=None):
    classes = ('cat', 'dog', 'sea', 'sun')
    return make_splits(found, classes, SHARES, seed, known or {})


def test_what_the_source_does_not_split_is_drawn():
    found = records(200)
    splits, how = make(found)
    assert how == 'drawn by label, seed 0: train, val, test'
    assert sizes(splits) == dict(train=140, val=30, test=30)
    assert sorted(r.image for part in splits.values() for r in part) == sorted(
        r.image for r in found
    )
    assert make(found)[0] == splits
    assert make(found, seed=1)[0] != splits


def test_a_split_of_the_source_is_kept():
    found = records(30, ['train', 'val', 'test'])
    splits, how = make(found)
    assert how == 'kept train, val, test'
    for name, part in splits.items():
        assert part == [record for record in found if record.split == name]


def test_what_a_split_lacks_is_drawn_from_train_alone():
    found = records(100, ['train', 'val'])
    splits, how = make(found)
    assert how == 'kept train, val; drawn by label, seed 0: train, test'
    assert splits['val'] == [record for record in found if record.split == 'val']
    assert sizes(splits) == dict(train=42, val=50, test=8)


def test_half_a_split_is_none():
    _, how = make(records(40, ['val', None]))
    assert how.startswith('only some records have a split, which is not kept; drawn')


def test_no_split_is_empty():
    assert sizes(make(records(3))[0]) == dict(train=1, val=1, test=1)


@pytest.mark.parametrize(
    ('found', 'message'),
    [
        (records(2), '2 pictures are too few for train, val, test; there must be'),
        (records(9, ['val']), 'for val alone, none to train on; if the name of a file'),
    ],
)
def test_what_cannot_be_split_is_said(found, message):
    with pytest.raises(ValueError, match=message):
        make(found)


def places(splits):
    return {record.image: name for name, part in splits.items() for record in part}


def test_pictures_that_are_known_stay_and_the_others_fill_up():
    before = places(make(records(100), seed=5)[0])
    splits, how = make(records(200), known=before)
    assert how == (
        '100 pictures stay where they were; 100 drawn by label, seed 0: train, val, '
        'test'
    )
    after = places(splits)
    assert before.items() <= after.items()
    assert places(make(records(200))[0]).items() != after.items()
    # each split has its share of every label, 50 of 200 pictures
    assert sizes(splits) == dict(train=140, val=30, test=30)
    for part in splits.values():
        counts = Counter(record.labels[0] for record in part)
        assert max(counts.values()) - min(counts.values()) <= 1


def test_a_rare_label_moves_new_pictures_alone():
    before = {f'/{i}.jpg': 'train' for i in range(0, 40, 4)}  # all cats
    before |= {f'/{i}.jpg': 'val' for i in range(1, 40, 4)}
    splits, _ = make(records(40), known=before)
    after = places(splits)
    assert before.items() <= after.items()
    assert splits['test']


def test_a_split_of_the_source_goes_before_what_was_known():
    found = records(30, ['train', 'val', 'test'])
    known = {record.image: 'test' for record in found}
    assert make(found, known=known) == make(found)
    # of the drawn ones, those that were in a split that is not drawn are new
    half = records(100, ['train', 'val'])
    known = {record.image: 'val' for record in half}
    splits, how = make(half, known=known)
    assert 'no picture of the project that is replaced is among them; drawn' in how
    assert splits == make(half)[0]


def test_with_nothing_new_nothing_is_drawn():
    before, _ = make(records(40), seed=3)
    after, how = make(records(40), known=places(before))
    assert after == before
    assert how.startswith('40 pictures stay where they were; 0 drawn')


def test_an_empty_split_takes_new_pictures_alone():
    found = records(6)
    known = {record.image: 'train' for record in found[2:]}
    splits, _ = make(found, known=known)
    assert known.items() <= places(splits).items()
    assert sizes(splits) == dict(train=4, val=1, test=1)
    known = {record.image: 'train' for record in found[1:]}
    with pytest.raises(ValueError, match=r'left for test: .* train, val\..*--seed 0'):
        make(found, known=known)
