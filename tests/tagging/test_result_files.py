import csv
import io
import json

import pytest

from mvlr_mm.tagging import read_rows, rows_writer
from mvlr_mm.tagging.result_files import ResultRow

ROWS = [
    ResultRow('a b.jpg', ['cat', 'red, "car"'], [0.75, 0.5]),
    ResultRow('nothing.jpg', [], []),
    ResultRow('bad.jpg', [], [], 'it is no picture'),
    ResultRow('été 猫.jpg', ['été'], [1.0]),
    ResultRow('a\r.jpg', ['b\rc', 'd\n'], [0.5, 0.25]),
    ResultRow('a\r\n.jpg', [], [], 'not\rread'),
]


@pytest.mark.parametrize('suffix', ['.jsonl', '.csv', '.parquet'])
def test_rows_come_back(tmp_path, suffix):
    if suffix == '.parquet':
        pytest.importorskip('pyarrow')
    path = tmp_path / f'new/out{suffix}'
    with rows_writer(str(path)) as write:
        for row in ROWS:
            write(row)
        assert not path.exists()
    assert read_rows(path) == ROWS
    path.write_bytes(b'{"a": 1}\n')
    with pytest.raises(ValueError, match='is no file of results'):
        read_rows(path)


def test_a_cell_of_csv_may_hold_thousands_of_tags(tmp_path):
    tags = [f'a label of many letters, number {i}' for i in range(9000)]
    rows = [ResultRow('a.jpg', tags, [0.5] * len(tags))]
    path, limit = tmp_path / 'out.csv', csv.field_size_limit()
    with rows_writer(str(path)) as write:
        write(*rows)
    assert read_rows(path) == rows
    assert csv.field_size_limit() == limit


def test_damaged_csv_is_told(tmp_path, monkeypatch):
    path = tmp_path / 'out.csv'
    with rows_writer(str(path)) as write:
        write(ROWS[0])
    monkeypatch.setattr('mvlr_mm.tagging.result_files._LONGEST', 4)
    with pytest.raises(ValueError, match=r'is no file of results .*field larger'):
        read_rows(path)


@pytest.mark.parametrize('rows', [0, 2, 3, 4])
def test_parquet_has_no_group_without_rows(tmp_path, monkeypatch, rows):
    parquet = pytest.importorskip('pyarrow.parquet')
    monkeypatch.setattr('mvlr_mm.tagging.result_files._GROUP', 2)
    path = tmp_path / 'out.parquet'
    with rows_writer(str(path)) as write:
        for row in ROWS[:rows]:
            write(row)
    about = parquet.read_metadata(path)
    groups = [about.row_group(i).num_rows for i in range(about.num_row_groups)]
    assert groups == {0: [], 2: [2], 3: [2, 1], 4: [2, 2]}[rows]
    assert read_rows(path) == ROWS[:rows]


@pytest.mark.parametrize('suffix', ['.jsonl', '.csv', '.parquet'])
def test_an_error_leaves_the_file_of_before(tmp_path, suffix):
    path = tmp_path / f'out{suffix}'
    path.write_text('old')

    def interrupted():
        with rows_writer(str(path)) as write:
            write(ROWS[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == 'old'
    assert len(list(tmp_path.iterdir())) == 1


def test_the_texts(tmp_path, capsys):
    for suffix in ('.jsonl', '.csv'):
        with rows_writer(str(tmp_path / f'out{suffix}')) as write:
            for row in ROWS[:3]:
                write(row)
    lines = (tmp_path / 'out.jsonl').read_text().splitlines()
    assert json.loads(lines[0]) == {
        'path': 'a b.jpg',
        'tags': [
            {'label': 'cat', 'score': 0.75},
            {'label': 'red, "car"', 'score': 0.5},
        ],
    }
    assert json.loads(lines[2]) == {'path': 'bad.jpg', 'error': 'it is no picture'}
    rows = list(csv.reader((tmp_path / 'out.csv').open()))
    assert rows[0] == ['path', 'tags', 'scores', 'error']
    assert rows[1] == ['a b.jpg', 'cat;red, "car"', '0.750000;0.500000', '']
    with rows_writer('-') as write:
        write(ROWS[0])
    assert capsys.readouterr().out.splitlines() == lines[:1]


@pytest.mark.parametrize('encoding', ['ascii', 'latin-1', 'utf-8'])
def test_standard_output_is_json_in_any_locale(monkeypatch, encoding):
    content = io.BytesIO()
    out = io.TextIOWrapper(content, encoding, errors='backslashreplace')
    monkeypatch.setattr('sys.stdout', out)
    rows = [ResultRow('é.jpg', ['chat \U0001f408'], [0.5]), ResultRow('ü', [], [], 'ł')]
    with rows_writer('-') as write:
        for row in rows:
            write(row)
    first, second = map(json.loads, content.getvalue().decode().splitlines())
    assert (first['path'], first['tags'][0]['label']) == (rows[0].path, rows[0].tags[0])
    assert (second['path'], second['error']) == ('ü', 'ł')


def test_tags_that_csv_cannot_tell_apart_are_refused(tmp_path):
    with (
        pytest.raises(ValueError, match="'a;b' has a ;"),
        rows_writer(str(tmp_path / 'out.csv')) as write,
    ):
        write(ResultRow('a.jpg', ['a;b'], [0.5]))


def test_names_that_are_no_utf_8_come_back(tmp_path):
    name = b'caf\xe9.jpg'.decode('utf-8', 'surrogateescape')
    path = tmp_path / 'out.jsonl'
    with rows_writer(str(path)) as write:
        write(ResultRow(name, [], []))
    assert read_rows(path)[0].path == name


def test_a_missing_extra_says_its_command(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, 'pyarrow', None)
    with (
        pytest.raises(ImportError, match=r'pip install "mvlr_mm\[tag\]"'),
        rows_writer(str(tmp_path / 'out.parquet')),
    ):
        pass
    assert not list(tmp_path.iterdir())
