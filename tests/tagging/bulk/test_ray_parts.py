import os

import pytest

from mvlr_mm.tagging.bulk.manifest import CHECKPOINT
from mvlr_mm.tagging.bulk.ray_parts import PartsSink, settle_parts


@pytest.fixture
def folder(tmp_path):
    """Two parts with checkpoints, and one that was at work when the run was killed."""
    (tmp_path / CHECKPOINT).mkdir()
    for name in ('part-a-000000', 'part-a-000001', 'part-a-000002'):
        (tmp_path / f'{name}.parquet').touch()
        pending = '.pending' if name.endswith('2') else ''
        (tmp_path / CHECKPOINT / f'{name}{pending}.parquet').touch()
    return tmp_path


def names(folder):
    return sorted(path.name for path in folder.glob('**/*.parquet'))


def test_what_is_as_ray_left_it_stays(folder, capsys):
    before = names(folder)
    settle_parts(folder)
    assert names(folder) == before
    assert capsys.readouterr().err == ''


def test_a_part_that_is_gone_loses_its_checkpoint(folder, capsys):
    (folder / 'part-a-000001.parquet').unlink()
    settle_parts(folder)
    assert 'part-a-000001.parquet is gone' in capsys.readouterr().err
    left = names(folder / CHECKPOINT)
    assert left == ['part-a-000000.parquet', 'part-a-000002.pending.parquet']


def test_a_part_without_a_checkpoint_is_refused(folder):
    (folder / CHECKPOINT / 'part-a-000000.parquet').unlink()
    before = names(folder)
    with pytest.raises(ValueError, match=r'part-a-000000.parquet has no checkpoint'):
        settle_parts(folder)
    assert names(folder) == before


def test_a_file_has_its_name_when_it_is_whole(tmp_path):
    sink = PartsSink(str(tmp_path), 10)
    name = sink.filename_provider.get_filename_for_task('uuid', 7)
    assert name == 'part-uuid-000007.parquet'
    place = tmp_path / name
    with sink.open_output_stream(str(place)) as file:
        file.write(b'rows')
        file.flush()
        assert not place.exists()
    assert place.read_bytes() == b'rows'

    def fail():
        with sink.open_output_stream(str(place)) as file:
            file.write(b'half')
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert place.read_bytes() == b'rows'
    assert os.listdir(tmp_path) == [name]
