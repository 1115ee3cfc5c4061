import pytest

from mvlr_mm.tagging import read_rows, rows_writer
from mvlr_mm.tagging.bulk import known_names, tally
from mvlr_mm.tagging.result_files import ResultRow, arrow_schema, record_of


def test_the_folder_says_what_it_holds(begun, tmp_path):
    assert tally(begun) == (4, 1)
    known = known_names(begun)
    assert [f'{i}.jpg' in known for i in range(5)] == [True] * 4 + [False]
    assert len(known_names(tmp_path / 'nothing')) == 0
    (begun / 'part-000001.parquet').write_text('damaged')
    with pytest.raises(ValueError, match=r'part-000001.parquet is damaged: .* remove'):
        known_names(begun)


@pytest.mark.parametrize(
    ('first', 'readers'), [(4, (known_names,)), (-40, (known_names, tally))]
)
def test_a_disk_that_has_spoilt_a_part_is_told_with_its_name(begun, first, readers):
    part = begun / 'part-000001.parquet'
    content = bytearray(part.read_bytes())
    # of the pages, or of what says where they are; before the length of that
    content[first : first + 32] = b'\xff' * 32
    part.write_bytes(content)
    for read in readers:
        with pytest.raises(ValueError, match=r'part-000001.parquet is damaged: .* rem'):
            read(begun)
    with pytest.raises(ValueError, match=r'part-000001.parquet is no file of results'):
        read_rows(part)


def test_full_groups_are_counted_also_behind_one_without_rows(tmp_path):
    arrow, parquet = (
        pytest.importorskip('pyarrow'),
        pytest.importorskip('pyarrow.parquet'),
    )
    rows = [
        record_of(ResultRow('a.jpg', [], [])),
        record_of(ResultRow('b', [], [], 'no')),
    ]
    with parquet.ParquetWriter(
        tmp_path / 'part-000000.parquet', arrow_schema()
    ) as file:
        for group in (rows, []):
            file.write_table(arrow.Table.from_pylist(group, arrow_schema()))
    assert tally(tmp_path) == (2, 1)


def test_a_part_of_as_many_rows_as_a_group_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr('mvlr_mm.tagging.result_files._GROUP', 3)
    with rows_writer(str(tmp_path / 'part-000000.parquet')) as write:
        for i in range(3):
            write(ResultRow(f'{i}.jpg', [], []))
    assert tally(tmp_path) == (3, 0)
