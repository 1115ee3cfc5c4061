import pytest

from mvlr_mm.datasets.checking.problems import CollectedProblems
from mvlr_mm.projects.look import look
from mvlr_mm.projects.names import distinct

JPG = dict.fromkeys(('images/a.jpg', 'images/b.jpg', 'images/c.jpg'))
ROWS = [
    dict(image='a.jpg', labels=['cat', 'red car']),
    dict(image='b.jpg', labels=['cat']),
    dict(image='c.jpg', labels=[]),
]
NAMES = {'a.jpg': ['cat', 'red car'], 'b.jpg': ['cat'], 'c.jpg': []}
LINES = ['{"image": "a.jpg", "labels": [0, 1]}', '{"image": "b.jpg", "labels": [0]}']


@pytest.mark.parametrize(
    ('file', 'content', 'sep'),
    [
        ('data.json', ROWS, None),
        ('data.txt', 'a.jpg\tcat,red car\nb.jpg\tcat\nc.jpg\t\n', ','),
    ],
)
def test_names(make, read, file, content, sep):
    _, classes, labels, *_, problems = read(make(**{file: content}, **JPG), sep=sep)
    assert (classes, labels) == (('cat', 'red car'), NAMES)
    assert problems.found == []


@pytest.mark.parametrize(
    ('file', 'content'),
    [
        ('data.json', [dict(ROWS[0], labels=[{'name': 'cat'}]), ROWS[1]]),
        ('data.csv', "image,labels\na.jpg,\"[['cat', 'dog']]\"\nb.jpg,cat\n"),
    ],
)
def test_labels_that_are_no_texts_are_problems(make, read, file, content):
    _, classes, labels, *_, problems = read(make(**{file: content}, **JPG))
    assert (classes, labels) == (('cat',), {'b.jpg': ['cat']})
    (found,) = problems.found
    assert 'must be a name or an index' in found


def test_a_list_a_split_with_names_beside(make, read):
    files = {
        'train.jsonl': '\n'.join(LINES),
        'val.jsonl': '{"image": "c.jpg", "labels": []}',
        'classes.json': ['cat', 'red car'],
    }
    root = make(**files, **JPG)
    form, classes, labels, splits, _ = read(root)
    assert form == 'json lines (train.jsonl, val.jsonl)'
    assert (classes, labels) == (('cat', 'red car'), NAMES)
    assert splits == {'a.jpg': 'train', 'b.jpg': 'train', 'c.jpg': 'val'}
    assert read(root / 'val.jsonl')[2] == {'c.jpg': []}


def test_a_label_that_is_not_among_the_names_is_a_problem(make, read):
    files = {
        'data.jsonl': '{"image": "a.jpg", "labels": ["cow"]}',
        'classes.txt': 'cat',
    }
    _, _, labels, *_, problems = read(make(**files, **JPG))
    assert labels == {}
    assert "data.jsonl:1: unknown label 'cow'" in problems.found[0]


def test_pictures_may_lie_elsewhere(make, read):
    root = make(**{'lists/data.csv': 'image,labels\na,cat\n', 'far/a.jpg': None})
    assert read(root / 'lists/data.csv')[2] == {'a.jpg': ['cat']}
    assert read(root / 'lists', images=root / 'far')[2] == {'a.jpg': ['cat']}


def test_commas_in_a_text_that_spaces_separate_are_asked_about(make, read):
    root = make(
        **{'train.TXT': 'images/a.jpg\tcat,red car\nimages/b.jpg\tcat\n'}, **JPG
    )
    with pytest.raises(
        ValueError, match=r"train.TXT has 'cat,red', .*--sep ',' .*--sep ' '"
    ):
        read(root)
    form, classes, labels, *_ = read(root, sep=',')
    assert form == 'text (train.TXT)'
    assert classes == ('cat', 'red car')
    assert labels['a.jpg'] == ['cat', 'red car']
    assert read(root, sep=' ')[1] == ('car', 'cat', 'cat,red')


def test_a_row_that_says_what_another_does_is_named(make, read):
    rows = 'image,label\na.jpg,cat\na.jpg,dog\nb.jpg,dog\na.jpg,cat\n'
    _, _, labels, *_, problems = read(make(**{'data.csv': rows}, **JPG))
    assert labels == {'a.jpg': ['cat', 'dog'], 'b.jpg': ['dog']}
    (found,) = problems.found
    assert 'data.csv:5 gives a.jpg the label' in found
    assert 'data.csv:2 does already' in found


def test_the_same_name_in_two_splits_is_two_pictures(make, read):
    rows = '1.jpg,cat,train\n1.jpg,dog,val\n2.jpg,cat,val\n1.jpg,cow,train\n'
    pictures = dict.fromkeys(('train/1.jpg', 'val/1.jpg', 'val/2.jpg'))
    root = make(**{'data.csv': f'image,label,split\n{rows}'}, **pictures)
    problems = CollectedProblems()
    found = look(root, problems).records
    assert [(r.image, r.labels, r.split) for r in found] == [
        (f'{root}/train/1.jpg', ['cat', 'cow'], 'train'),
        (f'{root}/val/1.jpg', ['dog'], 'val'),
        (f'{root}/val/2.jpg', ['cat'], 'val'),
    ]
    assert problems.found == []


def test_one_picture_in_two_splits_is_a_problem(make):
    rows = 'image,label,split\na.jpg,cat,train\na.jpg,dog,val\nb.jpg,cat,train\n'
    problems = CollectedProblems()
    found = look(make(**{'data.csv': rows}, **JPG), problems).records
    assert [r.labels for r in distinct(found, problems)] == [['cat'], ['cat']]
    (text,) = problems.found
    assert 'data.csv:3 lists' in text
    assert 'data.csv:2 does already' in text
