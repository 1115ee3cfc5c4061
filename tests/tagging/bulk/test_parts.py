import pytest

from mvlr_mm.tagging.bulk import Manifest, Parts, known_names
from mvlr_mm.tagging.result_files import ResultRow, read_rows


def row(i, error=None):
    return ResultRow(f'{i}.jpg', ['cat'], [0.5], error)


def files(folder):
    return sorted(path.name for path in folder.iterdir() if path.name[0] != '_')


@pytest.fixture
def opened(tmp_path, job):
    """Open the folder again, as another run does."""

    def run(**options):
        manifests.append(Manifest(tmp_path, job))
        return Parts(manifests[-1], **options)

    manifests = []
    yield run
    for manifest in manifests:
        manifest.close()


def test_a_stop_behind_the_line_of_a_part_writes_it_once(tmp_path, opened, monkeypatch):
    parts = opened()
    parts.add(row(0))
    append = parts.manifest.append

    def stopped(line):
        append(line)
        raise KeyboardInterrupt

    monkeypatch.setattr(parts.manifest, 'append', stopped)
    with pytest.raises(KeyboardInterrupt):
        parts.flush()
    parts.flush()  # as at the end of a run
    assert files(tmp_path) == ['part-000000.parquet']


def test_a_part_is_written_when_it_is_full_or_late(tmp_path, opened):
    now = [0.0]
    parts = opened(size=3, seconds=10, clock=lambda: now[0])
    for i in range(3):
        assert files(tmp_path) == []
        parts.add(row(i))
    assert files(tmp_path) == ['part-000000.parquet']
    assert read_rows(tmp_path / 'part-000000.parquet') == [row(i) for i in range(3)]
    now[0] = 100.0
    parts.add(row(3))
    now[0] = 109.0
    parts.add(row(4))
    assert len(files(tmp_path)) == 1
    now[0] = 110.0
    parts.add(row(5))
    assert len(files(tmp_path)) == 2
    parts.flush()
    assert len(files(tmp_path)) == 2
    assert [line['rows'] for line in parts.manifest.lines] == [3, 3]


def test_what_a_killed_run_has_left_is_settled(begun, opened):
    (begun / '.part-000002.77.parquet').write_text('half')
    (begun / 'part-000002.parquet').write_text('whole, but its line is not there')
    parts = opened(size=1)
    assert files(begun) == ['part-000000.parquet', 'part-000001.parquet']
    parts.add(row(4))
    assert read_rows(begun / 'part-000002.parquet') == [row(4)]


def test_a_part_that_is_gone_is_made_again_under_another_name(begun, opened, capsys):
    (begun / 'part-000001.parquet').unlink()
    parts = opened(size=2)
    assert 'part-000001.parquet is gone' in capsys.readouterr().err
    known = known_names(begun)
    assert [f'{i}.jpg' in known for i in range(4)] == [True, True, False, False]
    parts.add(row(2))
    parts.add(row(3))
    assert files(begun) == ['part-000000.parquet', 'part-000002.parquet']


def test_a_strange_file_is_not_read_with_the_others(begun, opened):
    (begun / 'other.parquet').touch()
    with pytest.raises(ValueError, match=r'other.parquet is not of this run'):
        opened()
    assert len(files(begun)) == 3
