import re
import resource

import numpy as np
import pytest

from mvlr_mm.stores.growing_array import GrowingArray

ROWS = np.random.default_rng(0).normal(size=(6, 2, 2, 3)).astype(np.float16)


def test_what_was_appended_is_a_npy_file(tmp_path):
    array = GrowingArray(tmp_path / 'a.npy', (3, 2), np.float16)
    for start in (0, 4):
        array.append(ROWS[start : start + 4])
    found = np.load(tmp_path / 'a.npy', mmap_mode='r')
    assert found.shape == (3, 2, 2, 2, 3)
    assert np.array_equal(found.reshape(ROWS.shape), ROWS)
    assert [path.name for path in tmp_path.iterdir()] == ['a.npy']


@pytest.mark.parametrize('torn', [0, 1, 23])
def test_goes_on_behind_the_last_whole_row(tmp_path, torn):
    """A kill leaves any number of bytes of a row, here of 24."""
    first = GrowingArray(tmp_path / 'a.npy', (6, 1), np.float16)
    first.append(ROWS[:3])
    with open(first.draft, 'ab') as file:
        file.write(b'x' * torn)
    assert not (tmp_path / 'a.npy').exists()
    second = GrowingArray(tmp_path / 'a.npy', (6, 1), np.float16)
    assert second.done == 3
    second.append(ROWS[3:])
    assert np.array_equal(np.load(tmp_path / 'a.npy')[:, 0], ROWS)
    assert GrowingArray(tmp_path / 'a.npy', (6, 1), np.float16).done == 6


def test_a_kill_before_the_last_rename_leaves_nothing_to_do(tmp_path):
    first = GrowingArray(tmp_path / 'a.npy', (6, 1), np.float16)
    first.append(ROWS)
    (tmp_path / 'a.npy').rename(first.draft)
    assert GrowingArray(tmp_path / 'a.npy', (6, 1), np.float16).done == 6
    assert [path.name for path in tmp_path.iterdir()] == ['a.npy']
    assert np.array_equal(np.load(tmp_path / 'a.npy')[:, 0], ROWS)


def test_a_header_that_was_cut_off_begins_anew(tmp_path):
    first = GrowingArray(tmp_path / 'a.npy', (6, 1), np.float16)
    first.append(ROWS[:1])
    with open(first.draft, 'r+b') as file:
        file.truncate(50)
    second = GrowingArray(tmp_path / 'a.npy', (6, 1), np.float16)
    assert second.done == 0
    second.append(ROWS)
    assert np.array_equal(np.load(tmp_path / 'a.npy')[:, 0], ROWS)


def test_rows_of_several_fields_go_on_as_well(tmp_path):
    """The rows of a table, whose kind of value has names."""
    kind = np.dtype([('time', np.int64), ('digest', np.uint8, (4,))])
    rows = np.zeros(3, kind)
    rows['time'], rows['digest'] = [5, 2**40, 7], np.arange(12).reshape(3, 4)
    GrowingArray(tmp_path / 'a.npy', (3,), kind).append(rows[:1])
    second = GrowingArray(tmp_path / 'a.npy', (3,), kind)
    assert second.done == 1
    second.append(rows[1:])
    assert np.array_equal(np.load(tmp_path / 'a.npy', mmap_mode='r'), rows)


def test_another_shape_is_refused(tmp_path):
    array = GrowingArray(tmp_path / 'a.npy', (6, 1), np.float16)
    array.append(ROWS[:2])
    with pytest.raises(ValueError, match=r'several sizes.*\(2, 2, 3\) and \(1, 2, 3\)'):
        array.append(ROWS[2:, :1])


def test_a_disk_that_becomes_full_is_said_with_the_file(tmp_path):
    array = GrowingArray(tmp_path / 'a.npy', (6,), np.float16)
    array.append(ROWS[:2])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (array.draft.stat().st_size, before[1]))
    try:
        name = re.escape(str(tmp_path / 'a.npy'))
        with pytest.raises(OSError, match=f'too large: .*{name}'):
            array.append(ROWS[2:])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    array.append(ROWS[2:])
    assert np.array_equal(np.load(tmp_path / 'a.npy'), ROWS)


def test_a_disk_that_is_too_small_is_said_before_a_row_is_written(tmp_path):
    array = GrowingArray(tmp_path / 'a.npy', (10**15, 1), np.float16)
    with pytest.raises(OSError, match=r'a\.npy will take .* GB.*keep less'):
        array.append(ROWS)
    assert list(tmp_path.iterdir()) == []
