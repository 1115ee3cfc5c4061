import pytest

from mvlr_mm.datasets.formats.lists import Row, read_list


def rows(folder, name, text, sep=None):
    (folder / name).write_bytes(text.encode())
    return list(read_list(str(folder / name), sep))


def test_json_lines(tmp_path):
    text = '{"image": "a", "labels": [1, "x\u2028y"]}\n\n{"image": "b", "labels": []}'
    found = rows(tmp_path, 'l.jsonl', text)
    assert found == [Row(1, 'a', [1, 'x\u2028y']), Row(3, 'b', [])]


def test_marks_of_partial_labels(tmp_path):
    text = '{"image": "a", "labels": [], "absent": [1]}\n{"image": "b", "labels": []}'
    assert [row.absent for row in rows(tmp_path, 'l.jsonl', text)] == [[1], None]
    text = 'image,labels,unknown\na,x,y;z\nb,x,\n'
    assert [row.unknown for row in rows(tmp_path, 'l.csv', text)] == [['y', 'z'], []]
    assert [row.absent for row in rows(tmp_path, 'l.csv', text)] == [None, None]


def test_csv_values_may_span_lines(tmp_path):
    found = rows(tmp_path, 'l.CSV', 'image,labels\n"a\nb",x\nc,y\n')
    assert found == [Row(3, 'a\nb', ['x']), Row(4, 'c', ['y'])]


@pytest.mark.parametrize(
    ('text', 'sep', 'labels'),
    [
        ('a  x  y', None, ['x', 'y']),
        ('a\tx y,z', ',', ['x y', 'z']),
        ('a x|y;z', ['|', ';'], ['x', 'y', 'z']),
        ('a', None, []),
    ],
)
def test_text(tmp_path, text, sep, labels):
    assert rows(tmp_path, 'l.txt', f'\n{text}\r\n', sep) == [Row(2, 'a', labels)]
