import pytest

from mvlr_mm.datasets.formats.voc_labels import VOCLabels
from mvlr_mm.datasets.formats.voc_lists import read_class_lists, read_ids

NAMES = ['cat', 'dog', 'sofa']
LISTS = dict(cat='1  1\n2 -1\n', dog='1  0\r\n2 -1\r\n', sofa='1 -1\n\n2 -1\n')


def read(folder, ids=('1', '2'), **lists):
    for name, text in {**LISTS, **lists}.items():
        (folder / f'{name}_val.txt').write_bytes(text.encode())
    return read_class_lists(str(folder), 'val', NAMES, ids)


def test_class_lists(tmp_path):
    nothing = VOCLabels(set(), set())
    assert read(tmp_path) == [VOCLabels({0}, {1}), nothing]
    assert read(tmp_path, ['2']) == [nothing]
    assert read(tmp_path, cat='\ufeff1 1\n2 1')[1] == VOCLabels({0}, set())


def test_ids_may_contain_spaces(tmp_path):
    lists = {name: 'my photo 2  1\n2 -1\n' for name in NAMES}
    assert read(tmp_path, ['my photo 2', '2'], **lists)[0].present == {0, 1, 2}


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (
            '1 1\n',
            r'dog_val.txt has no line for 1 of the 2 .*val.txt, first: 2',
        ),
        ('', r'dog_val.txt has no line for 2 of the 2 pictures'),
        (
            '1 1\n2 -1\n1 -1\n',
            r"dog_val.txt:3: '1 -1' contradicts a line before .*1",
        ),
        (
            '1 0\n2 -1\n1 1\n',
            r"dog_val.txt:3: '1 1' contradicts a line before .* 0",
        ),
        ('1 1\n2\n', r"dog_val.txt:2: '2' must be a picture's id and 1"),
        ('1 1\n2 1 1\n', r"dog_val.txt:2: '2 1 1' must be a picture's id and 1"),
        ('1 1\n2 +1\n', r"dog_val.txt:2: '2 \+1' must be a picture's id and 1"),
        ('id value\n1 1\n2 1\n', r"dog_val.txt:1: 'id value' must be a picture's id"),
    ],
)
def test_a_list_that_is_not_whole_makes_no_negatives(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, dog=text)


def test_the_same_line_twice_is_no_contradiction(tmp_path):
    assert read(tmp_path, cat='1 1\n2 -1\n1 1\n')[0].present == {0}


def test_ids(tmp_path):
    path = tmp_path / 'val.txt'
    path.write_bytes('\ufeff000005\r\nmy photo 2\n\na\u2028b\n7  -1\n'.encode())
    assert read_ids(str(path)) == [
        ('000005', '000005'),
        ('my photo 2', 'my photo 2'),
        ('a\u2028b', 'a\u2028b'),
        ('7  -1', '7'),
    ]
