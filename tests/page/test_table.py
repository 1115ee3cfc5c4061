import errno
import re

from mvlr_mm.page.table import distinct, rows_table, summary, write_files
from mvlr_mm.tagging import read_rows
from mvlr_mm.tagging.result_files import ResultRow

ROWS = [
    ResultRow('a.jpg', ['cat', 'dog'], [0.9, 0.75]),
    ResultRow('b.jpg', [], [], 'b.jpg is empty'),
    ResultRow('c.jpg', [], []),
]


def test_rows_and_summary():
    html = rows_table(ROWS)
    assert [re.sub('<.*?>', '', cell) for cell in html.split('<td>')[1:]] == [
        *('a.jpg', 'cat 0.90, dog 0.75'),
        *('b.jpg', 'b.jpg is empty'),
        *('c.jpg', '-'),
    ]
    assert '<td><span class="wrong">b.jpg is empty</span></td>' in html
    assert summary(ROWS) == '2 of 3 pictures tagged; 1 could not be read.'
    assert summary(ROWS[:1]) == '1 of 1 pictures tagged.'


def test_no_name_acts():
    bad = '<img src=x>'
    html = rows_table([ResultRow(bad, [bad], [0.5]), ResultRow(bad, [], [], bad)])
    assert '<img' not in html


def test_pictures_of_one_name_are_told_apart():
    names = [row.path for row in distinct([ROWS[0], ROWS[1], ROWS[0], ROWS[0]])]
    assert names == ['a.jpg', 'b.jpg', 'a.jpg (2)', 'a.jpg (3)']


def test_a_number_gives_no_name_that_is_there():
    given = ['a', 'a', 'a (2)', 'a', 'a (2)']
    found = distinct([ResultRow(name, [], []) for name in given])
    assert [row.path for row in found] == ['a', 'a (3)', 'a (2)', 'a (4)', 'a (2) (2)']


def test_a_disk_that_is_full_is_said_without_its_folders(tmp_path, monkeypatch):
    def full(path):
        raise OSError(errno.ENOSPC, 'No space left on device', path)

    monkeypatch.setattr('mvlr_mm.page.table.rows_writer', full)
    paths, missing = write_files(ROWS, tmp_path)
    assert paths == [None, None]
    assert missing == 'No tags.jsonl: No space left on device.'


def test_files_hold_the_rows(tmp_path):
    paths, missing = write_files(ROWS, tmp_path)
    assert missing == ''
    assert [path.rpartition('/')[2] for path in paths] == ['tags.csv', 'tags.jsonl']
    for path in paths:
        assert [(r.path, list(r.tags), r.error) for r in read_rows(path)] == [
            (r.path, list(r.tags), r.error) for r in ROWS
        ]


def test_a_label_that_csv_cannot_hold_leaves_the_other_file(tmp_path):
    paths, missing = write_files([ResultRow('a.jpg', ['x;y'], [0.9])], tmp_path)
    assert paths == [None, str(tmp_path / 'tags.jsonl')]
    assert "No tags.csv: 'x;y' has a ;" in missing
    assert [p.name for p in tmp_path.iterdir()] == ['tags.jsonl']
