import errno
import json
import os

import pytest
from benchmarks.accuracy.folder import alone_in, refuse_to_replace


def test_a_second_comparison_in_a_folder_is_refused(tmp_path):
    with (
        alone_in(tmp_path / 'out'),
        pytest.raises(BlockingIOError, match=r'--out .*another comparison runs there'),
        alone_in(tmp_path / 'out'),
    ):
        pass
    with alone_in(tmp_path / 'out'):
        pass


def test_a_disk_without_locks_stops_no_comparison(tmp_path, monkeypatch):
    def none(*args):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr('fcntl.flock', none)
    with alone_in(tmp_path / 'out'):
        pass


@pytest.fixture
def tables(tmp_path):
    """Write the tables of a comparison, and return their folder."""

    def write(seeds=(0, 1), **content):
        found = {str(seed): {'mAP': 50.0} for seed in seeds}
        rows = [dict(name='a', seeds=found), dict(name='b', seeds=found)]
        content = dict(rows=[*rows, dict(name='empty', seeds={})], **content)
        (tmp_path / 'accuracy.json').write_text(json.dumps(content))
        return tmp_path

    return write


def test_more_rows_and_seeds_go_on(tables, tmp_path):
    refuse_to_replace(tmp_path, ['a'], [0], dict(budget=5))  # nothing there yet
    folder = tables(budget=5)
    refuse_to_replace(folder, ['c', 'b', 'a'], [2, 1, 0], dict(budget=5))
    refuse_to_replace(folder, ['b', 'a'], [1, 0], dict(budget=5, amp=True))


def test_rows_and_seeds_are_not_lost(tables):
    folder = tables(budget=5)
    with pytest.raises(FileExistsError, match=r'1 rows .* first b; .*--overwrite'):
        refuse_to_replace(folder, ['a'], [0, 1], dict(budget=5))
    with pytest.raises(FileExistsError, match=r'1 seeds .* first 1; .*--overwrite'):
        refuse_to_replace(folder, ['a', 'b'], [0, 2], dict(budget=5))


def test_tables_without_a_result_are_replaced(tables):
    refuse_to_replace(tables(seeds=(), budget=5), ['c'], [7], dict(budget=6))


@pytest.mark.parametrize(
    ('name', 'there', 'now'),
    [
        ('budget', 5, 6),
        ('data_root', '/first', '/second'),
        ('on_features', True, False),
        ('amp', True, False),
        ('options', {}, {'train_dataloader.batch_size': 8}),
        ('trunk', {'model.backbone': {'type': 'X'}}, {}),
        ('supervision', {'unseen': ['cat']}, {'unseen': ['dog']}),
    ],
)
def test_tables_of_another_comparison_are_not_replaced(tables, name, there, now):
    folder = tables(**{name: there})
    refuse_to_replace(folder, ['a', 'b'], [0, 1], {name: there})
    with pytest.raises(FileExistsError, match=rf'{name} was .* for its tables, and is'):
        refuse_to_replace(folder, ['a', 'b'], [0, 1], {name: now})
