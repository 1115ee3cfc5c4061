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


def make(found, seed=0):
    return make_splits(found, ('cat', 'dog', 'sea', 'sun'), SHARES, seed)


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
