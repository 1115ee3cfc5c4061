import pytest

BOX = '0.5 0.5 0.1 0.1'
PICTURES = [f'images/{name}' for name in ('train/a.jpg', 'train/b.jpg', 'val/c.jpg')]


def source(**more):
    files = {
        'labels/train/a.txt': f'1 {BOX}\n0 {BOX}\n1 0.1 0.2 0.3 0.4 0.5 0.6\n',
        'labels/train/b.txt': '',
        'labels/val/c.txt': f'0 {BOX}',
        'data.yaml': 'names: {0: cat, 1: red car}\nnc: 2\n',
    }
    return {**files, **dict.fromkeys(PICTURES), **more}


def test_a_yaml_file_has_the_names(make, read):
    root = make(**source())
    form, classes, labels, splits, problems = read(root)
    assert form == 'YOLO, a text file a picture'
    assert classes == ('cat', 'red car')
    assert labels == {'a.jpg': ['cat', 'red car'], 'b.jpg': [], 'c.jpg': ['cat']}
    assert splits == {'a.jpg': 'train', 'b.jpg': 'train', 'c.jpg': 'val'}
    assert (problems.found, problems.notes) == ([], [])
    assert read(root / 'data.yaml')[1:4] == (classes, labels, splits)


def test_the_yaml_file_that_is_named_counts_alone(make, read):
    root = make(**source(**{'old.yaml': 'names: [dog, ship]', 'ci.yml': 'a: [1'}))
    assert read(root / 'data.yaml')[1] == ('cat', 'red car')
    assert read(root / 'old.yaml')[1] == ('dog', 'ship')
    with pytest.raises(ValueError, match=r'ci\.yml is not valid yaml'):
        read(root)


def test_a_names_file_beside_the_labels(make, read):
    files = {'a.jpg': None, 'a.txt': f'1 {BOX}', 'classes.txt': 'cat\ndog\n'}
    assert read(make(**files))[2] == {'a.jpg': ['dog']}


@pytest.mark.parametrize(
    'line',
    [
        f'1.0 {BOX}',
        f'1.0e+00 {BOX}',
        '1 0. 1. .5 +0.5',
        '1 5.0E-01 5.0e-01 1e-1 1E+00',
        f'1\t{BOX} 9.1e-01',
    ],
)
def test_numbers_may_be_written_in_any_way(make, read, line):
    root = make(**source(**{'labels/train/b.txt': line, 'labels/val/c.txt': line}))
    form, classes, labels, *_, problems = read(root)
    assert form == 'YOLO, a text file a picture'
    assert classes == ('cat', 'red car')
    assert labels['b.jpg'] == labels['c.jpg'] == ['red car']
    assert problems.found == []


@pytest.mark.parametrize('first', ['0.5', '-1', '1e400'])
def test_a_first_number_that_is_no_index_is_named(make, read, first):
    root = make(**source(**{'labels/val/c.txt': f'{first} {BOX}'}))
    *_, problems = read(root)
    (found,) = problems.found
    assert f"c.txt:1: '{first} {BOX}' must be the index of a label" in found


def test_names_that_are_numbers_are_taken_as_written(make, read):
    root = make(**source(**{'data.yaml': 'names: [7, eight]'}))
    assert read(root)[1] == ('7', 'eight')


def test_a_picture_without_a_file_is_not_one_without_labels(make, read):
    _, _, labels, *_, problems = read(make(**source(**{'images/train/d.jpg': None})))
    assert 'd.jpg' not in labels
    assert '1 pictures have no text file that was read' in problems.notes[0]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (f'2 {BOX}', 'c.txt:1: label 2 is out of range; there are 2 names'),
        (f'0 {BOX}\ncat {BOX}', f"c.txt:2: 'cat {BOX}' must be the index of a label"),
        (f'0 {BOX}\n1 0.5', "c.txt:2: '1 0.5' must be"),
    ],
)
def test_a_line_that_is_wrong_is_named(make, read, text, message):
    _, _, labels, *_, problems = read(make(**source(**{'labels/val/c.txt': text})))
    assert message in problems.found[0]
    assert 'c.jpg' not in labels


@pytest.mark.parametrize(
    ('files', 'message'),
    [
        ({'data.yaml': 'nc: 2'}, 'neither a yaml file nor one of'),
        ({'data.yaml': 'names: {1: cat}'}, 'names must have the keys 0 to 0'),
        ({'data.yaml': 'names: {0: cat, x: dog}'}, 'names must have the keys 0 to 1'),
        ({'data.yaml': 'names: [cat, yes]'}, 'the name 1 is read as True, .*in quotes'),
        ({'data.yaml': 'names: [null, cat]'}, 'the name 0 is read as None'),
        ({'data.yaml': 'names: [cat, 1.10]'}, 'the name 1 is read as 1.1, which is no'),
        ({'data.yaml': 'names: cat'}, 'names must be a list, or names by their index'),
        ({'data.yaml': 'names: ['}, 'is not valid yaml'),
        ({'b.yaml': 'names: [cat]'}, 'have other names; say which: --classes'),
    ],
)
def test_names_that_are_not_known_stop_it(make, read, files, message):
    with pytest.raises(ValueError, match=message):
        read(make(**source(**files)))
