import pytest

from mvlr_mm.datasets.checking.problems import CollectedProblems
from mvlr_mm.projects.names import distinct, find_names, settle_labels
from mvlr_mm.projects.record import Record, Source


def settle(*labels, classes=None, **more):
    records = [Record(f'l:{i}', f'/{i}', own, **more) for i, own in enumerate(labels)]
    problems = CollectedProblems()
    names, found = settle_labels(Source('', records, [], classes), problems)
    return names, [record.labels for record in found], problems.found


def test_names_are_all_that_occur():
    assert settle(['b', 'a'], [], ['c']) == (
        ('a', 'b', 'c'),
        [['a', 'b'], [], ['c']],
        [],
    )
    assert settle(['a'], unknown=['z'])[0] == ('a', 'z')


def test_indices_become_names():
    assert settle([1, '0'], classes=('x', 'y'))[1] == [['x', 'y']]


@pytest.mark.parametrize(
    ('labels', 'more', 'message'),
    [
        ([['a'], [7]], {}, '7 is a label beside names'),
        ([[0], [1]], {}, 'the labels are numbers, such as [01], and no file'),
        ([['Turkey'], ['turkey']], {}, 'are the same to a text tower'),
        ([[], []], {}, 'none of 2 records has a label, so there is nothing'),
    ],
)
def test_names_that_are_none_stop_it(labels, more, message):
    with pytest.raises(ValueError, match=message):
        settle(*labels, **more)


@pytest.mark.parametrize(
    ('labels', 'more', 'message'),
    [
        ([2], {}, 'l:0: label 2 is out of range'),
        (['x', 'x'], {}, "l:0 has the label 'x' twice"),
        (['x'], dict(absent=['x']), "l:0: 'x' is there, and absent or unknown"),
        (['x'], dict(absent=[], unknown=[]), 'has both absent and unknown'),
    ],
)
def test_a_record_that_is_wrong_is_left_out(labels, more, message):
    _, found, problems = settle(labels, classes=('x', 'y'), **more)
    assert found == []
    assert message in problems[0]


@pytest.mark.parametrize('classes', [None, ('x', 'y')])
@pytest.mark.parametrize('label', [{'name': 'x'}, None, ['x', 'y'], 1.0, True])
def test_a_label_that_is_no_name_leaves_its_record_out(label, classes):
    names, found, problems = settle(['x'], [label, 'y'], ['y'], classes=classes)
    assert (names, found) == (('x', 'y'), [['x'], ['y']])
    assert problems == [f'l:1: label {label!r} must be a name or an index.']


def test_where_no_label_is_left_the_first_problem_is_said():
    with pytest.raises(ValueError, match=r'of 2 problems the first: l:0: label None'):
        settle([None], [None])


def test_a_picture_counts_once():
    problems = CollectedProblems()
    records = [
        Record('a:1', '/x', []),
        Record('b:2', '/x', []),
        Record('b:3', '/y', []),
    ]
    assert distinct(records, problems) == [records[0], records[2]]
    assert problems.found[0].startswith('b:2 lists /x, as a:1 does already')


def test_names_of_a_folder(make):
    assert find_names(make()) == (None, [])
    root = make(**{'obj.names': 'cat\nred car\n'})
    assert find_names(root) == (('cat', 'red car'), [root / 'obj.names'])
