import pytest

from mvlr_mm.datasets.formats.lists import read_list
from mvlr_mm.datasets.formats.rows import Row


def rows(folder, name, text, sep=None):
    (folder / name).write_bytes(text.encode())
    found = read_list(str(folder / name), sep)
    return [row._replace(where=row.where.removeprefix(f'{folder}/')) for row in found]


def test_json_lines(tmp_path):
    text = '{"image": "a", "labels": [1, "x\u2028y"]}\n\n{"image": "b", "labels": []}'
    found = rows(tmp_path, 'l.jsonl', text)
    assert found == [Row('l.jsonl:1', 'a', [1, 'x\u2028y']), Row('l.jsonl:3', 'b', [])]


def test_marks_of_partial_labels(tmp_path):
    text = '{"image": "a", "labels": [], "absent": [1]}\n{"image": "b", "labels": []}'
    assert [row.absent for row in rows(tmp_path, 'l.jsonl', text)] == [[1], None]
    text = 'image,labels,unknown\na,x,y;z\nb,x,\n'
    assert [row.unknown for row in rows(tmp_path, 'l.csv', text)] == [['y', 'z'], []]
    assert [row.absent for row in rows(tmp_path, 'l.csv', text)] == [None, None]


def test_csv_values_may_span_lines(tmp_path):
    found = rows(tmp_path, 'l.CSV', 'image,labels\n"a\nb",x\nc,y\n')
    assert found == [Row('l.CSV:3', 'a\nb', ['x']), Row('l.CSV:4', 'c', ['y'])]


@pytest.mark.parametrize(
    ('text', 'sep', 'labels'),
    [
        ('a  x  y', None, ['x', 'y']),
        ('a\tx y,z', ',', ['x y', 'z']),
        ('a x|y;z', ['|', ';'], ['x', 'y', 'z']),
        ('a\t', None, []),
        ('a\t ', None, []),
        ('a\tx\u2028y,z\x0bw', ',', ['x\u2028y', 'z\x0bw']),
    ],
)
def test_text(tmp_path, text, sep, labels):
    assert rows(tmp_path, 'l.txt', f'\n{text}\r\n', sep) == [
        Row('l.txt:2', 'a', labels)
    ]


@pytest.mark.parametrize('sep', [None, ','])
@pytest.mark.parametrize('spaces', ['', ' ', '   '])
def test_a_name_alone_is_not_a_picture_without_labels(tmp_path, spaces, sep):
    message = rf"l.txt:2: 'b.jpg{spaces}' is a name alone; write"
    with pytest.raises(ValueError, match=message):
        rows(tmp_path, 'l.txt', f'a.jpg x\nb.jpg{spaces}\n', sep)


def test_json_under_another_name(tmp_path):
    for text in ('{"image": "a", "labels": []}\n' * 2, '[{"image": "a"}]'):
        with pytest.raises(
            ValueError, match=r'l.txt holds json, which the suffix does'
        ):
            rows(tmp_path, 'l.txt', text)


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    assert rows(tmp_path, 'l.txt', '\ufeffa x')[0].image == 'a'
    assert rows(tmp_path, 'l.csv', '\ufeffimage,labels\na,x')[0].image == 'a'
    assert (
        rows(tmp_path, 'l.jsonl', '\ufeff{"image": "a", "labels": []}')[0].image == 'a'
    )
