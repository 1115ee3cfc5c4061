import pytest

from mvlr_mm.datasets.checking.problems import RAISED, CollectedProblems
from mvlr_mm.datasets.formats.csv_lists import read_csv


def read(text, problems=RAISED):
    return list(read_csv(text, 'a.csv', lambda cell: cell.split(';'), problems))


@pytest.mark.parametrize(
    ('heading', 'message'),
    [
        ('image,labels,labels', "the column 'labels' occurs 2 times"),
        ('image,image,labels', "the column 'image' occurs 2 times"),
        ('image,labels,absent,absent', "the column 'absent' occurs 2 times"),
        ('image,labels,Absent', "'Absent' is not read, and looks like 'absent'"),
        ('image,labels,unkown', "'unkown' is not read, and looks like 'unknown'"),
        ('image,labels, labels', "' labels' is not read, and looks like 'labels'"),
        ('image,cat,dog', "must name the columns 'image' and 'labels'"),
        ('image;labels', "must name the columns 'image' and 'labels'"),
    ],
)
def test_headings_that_are_not_understood(heading, message):
    with pytest.raises(ValueError, match=f'a.csv:1: .*{message}'):
        read(f'{heading}\n' + 'x,' * heading.count(',') + 'x\n')


def test_columns_that_are_not_read_are_said():
    problems = CollectedProblems()
    read('split,image,labels,,\ntrain,a.jpg,x,,\n', problems)
    assert problems.notes == [
        "a.csv: 'split' not read, only image, labels, absent, unknown."
    ]
