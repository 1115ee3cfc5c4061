import io
import json
import pickle
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from mvlr_mm.evaluation.results import Results, read_results, write_results

CLASSES = ['cat', 'café']
PATHS = ['a b.jpg', 'ü.jpg', '']


def results(**other):
    scores = torch.tensor([[0.1, 0.9], [0.3, 0.25], [1, 0]]).bfloat16()
    targets = torch.tensor([[0, 1], [-1, 1], [1, 0]])
    content = Results(scores, targets, CLASSES, PATHS, {'name': 'asl', 'thr': 0.3})
    return content._replace(**other)


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / 'new' / 'results.npz'
    write_results(path, results())
    found = read_results(path)
    np.testing.assert_array_equal(found.scores, results().scores.float().numpy())
    np.testing.assert_array_equal(found.targets, results().targets.numpy())
    assert found.classes == CLASSES
    assert found.paths == PATHS
    assert found.protocol == {'name': 'asl', 'thr': 0.3}
    assert [file.name for file in path.parent.iterdir()] == ['results.npz']
    write_results(path, results(protocol=None))
    assert read_results(path).protocol is None


def test_an_interrupted_write_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / 'results.npz'
    write_results(path, results())
    before = path.read_bytes()

    def interrupted(file, **arrays):
        Path(file).write_bytes(before[: len(before) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(np, 'savez', interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_results(path, results(paths=['x', 'y', 'z']))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ['results.npz']


def test_thresholds_and_the_checkpoint_are_kept(tmp_path):
    path, thr = tmp_path / 'results.npz', np.array([0.25, np.inf])
    write_results(path, results(thresholds=thr, thresholds_file='thr/café.json'))
    found = read_results(path)
    np.testing.assert_array_equal(found.thresholds, thr)
    assert found.thresholds_file == 'thr/café.json'
    write_results(path, results())
    assert read_results(path)[-3:] == (None, '', '')
    write_results(path, results(checkpoint='ab12'))
    assert read_results(path).checkpoint == 'ab12'


def test_a_file_of_the_last_version_is_read(tmp_path):
    path, kept = tmp_path / 'results.npz', results()
    protocol = dict(name='asl', ap='voc10', empty='zero', family='asl', thr=0.8)
    protocol |= dict(strict=False, topk=None, topk_thr=True, unknown='skip', more=[])
    np.savez(
        path,
        scores=kept.scores.float().numpy(),
        targets=kept.targets.numpy().astype(np.int8),
        classes=np.array(CLASSES),
        paths=np.array(PATHS),
        protocol=np.array(json.dumps(protocol)),
    )
    found = read_results(path)
    assert found.protocol['must_exceed'] is False
    assert 'strict' not in found.protocol
    assert found.thresholds is None


class Hostile:
    def __reduce__(self):
        return (pytest.fail, ('the file ran code',))


def refusal(path):
    """The one line that refuses a file."""
    with pytest.raises(ValueError, match=r'^results .*write it again') as caught:
        read_results(path)
    text = str(caught.value)
    assert text.startswith(f'results {path}: ')
    assert len(text.splitlines()) == 1
    assert 'pickle=True' not in text
    return text.removeprefix(f'results {path}: ')


def test_no_file_runs_code(tmp_path):
    path = tmp_path / 'results.pkl'
    path.write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(ValueError, match='a pickle could run any code when read'):
        read_results(path)
    renamed = tmp_path / 'renamed.npz'
    path.rename(renamed)
    assert refusal(renamed).startswith('is a pickle, which could run any code')
    pack(renamed, scores=np.array([Hostile()], object))
    assert "'scores' holds the type object" in refusal(renamed)


@pytest.mark.parametrize(
    ('content', 'kind'),
    [
        (b'', 'is empty'),
        (b'version https://git-lfs.github.com/spec/v1\noid', 'run `git lfs pull`'),
        (b'<html>', 'is damaged or no such file (File is not a zip file)'),
        (b'PK\x03\x04' + bytes(100), 'is damaged or no such file'),
    ],
)
def test_other_files_are_told_apart(tmp_path, content, kind):
    path = tmp_path / 'results.npz'
    with pytest.raises(FileNotFoundError, match=r'results\.npz: no such file; write'):
        read_results(path)
    path.write_bytes(content)
    assert kind in refusal(path)
    with path.open('wb') as file:
        np.save(file, np.ones((2, 2)))
    assert refusal(path).startswith('is a single array (.npy)')


@pytest.fixture
def whole(tmp_path):
    path = tmp_path / 'whole.npz'
    write_results(path, results(thresholds=np.array([0.5, 0.25])))
    return path.read_bytes()


def same(found):
    expected = results(thresholds=np.array([0.5, 0.25]))
    expected = expected._replace(scores=expected.scores.float().numpy())
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_every_cut_is_refused(tmp_path, whole):
    path = tmp_path / 'results.npz'
    for size in [*range(0, len(whole), 37), len(whole) - 1]:
        path.write_bytes(whole[:size])
        refusal(path)


def test_a_list_of_contents_that_ends_early_is_refused(tmp_path, whole):
    path, end = tmp_path / 'results.npz', whole.rindex(b'PK\x05\x06')
    size = int.from_bytes(whole[end + 12 : end + 16], 'little')
    for shorter in range(size):  # zipfile takes no notice of the number of entries
        length = shorter.to_bytes(4, 'little')
        path.write_bytes(whole[: end + 12] + length + whole[end + 16 :])
        refusal(path)


def test_damaged_bytes_are_refused_or_change_nothing(tmp_path, whole):
    path, rng, refused = tmp_path / 'results.npz', np.random.default_rng(0), 0
    for number in range(400):
        damaged = np.frombuffer(whole, np.uint8).copy()
        places = rng.integers(len(damaged), size=1 + number % 3)
        damaged[places] ^= rng.integers(1, 256, size=len(places)).astype(np.uint8)
        path.write_bytes(damaged.tobytes())
        try:
            found = read_results(path)
        except ValueError:
            refusal(path)
            refused += 1
        else:  # dates, or other bytes that nothing depends on
            same(found)
    assert refused > 200


def pack(path, headers=None, compress=zipfile.ZIP_STORED, **other):
    """Write an archive whose arrays may be anything."""
    arrays = dict(scores=np.ones((3, 2)), targets=np.ones((3, 2)))
    arrays |= dict(classes=np.array(CLASSES), paths=np.array(PATHS), protocol='null')
    with zipfile.ZipFile(path, 'w', compress) as archive:
        for name, array in (arrays | other).items():
            content = io.BytesIO()
            np.save(content, np.asanyarray(array))
            content = (headers or {}).get(name, content.getvalue())
            archive.writestr(f'{name}.npy', content)
    return path


def header(text):
    text = text.encode()
    return b'\x93NUMPY\x01\x00' + len(text).to_bytes(2, 'little') + text


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 2), }", '0 b'),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (-3, -2), }", 'of shape'),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (3, 2), }", 'type object'),
        ("{'descr': '<c8', 'fortran_order': False, 'shape': (3, 2), }", 'complex64'),
        ("{'descr': '<U4', 'fortran_order': False, 'shape': (3, 2), }", 'type <U4'),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), ", 'damaged'),
        ('(' * 5000, 'damaged'),
        ('[' * 9000 + ']' * 9000, 'damaged'),
        ("{'descr': '<f8', 'shape': 'x" + '9' * 9000, 'damaged'),
        ('\n\n"""', 'damaged'),
    ],
)
def test_hostile_headers_are_refused_before_they_take_memory(tmp_path, text, reason):
    path = pack(tmp_path / 'results.npz', {'scores': header(text)})
    tracemalloc.start()
    assert reason in refusal(path)
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_an_archive_that_would_fill_the_memory_is_refused(tmp_path):
    large = np.zeros((30_000_000,), np.int8)
    path = pack(tmp_path / 'bomb.npz', compress=zipfile.ZIP_DEFLATED, paths=large)
    tracemalloc.start()
    assert 'it would grow to 0.0 GiB, more than 100 times its size' in refusal(path)
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()
    packed = pack(tmp_path / 'packed.npz', compress=zipfile.ZIP_DEFLATED)
    assert read_results(packed).classes == CLASSES


NESTED = '[' * 100_000 + ']' * 100_000


@pytest.mark.parametrize(
    ('other', 'reason'),
    [
        (dict(scores=np.full((3, 2), np.nan)), 'NaN, first in row 0, label 0'),
        (dict(targets=np.full((3, 2), 2)), 'found 2 in row 0, label 0'),
        (dict(targets=np.ones((2, 2))), '(3, 2) and targets of shape (2, 2)'),
        (dict(paths=np.array(PATHS[:2])), 'for paths of shape (2,) and classes of'),
        (dict(classes=np.array('cat')), 'and classes of shape ()'),
        (dict(paths=np.zeros((3, 2), '<U3'), classes=np.array('x')), 'of shape (3, 2)'),
        (dict(classes=np.array(['cat', 'cat'])), "names the label 'cat' 2 times"),
        (dict(classes=np.arange(2)), "'classes' holds the type int64"),
        (dict(protocol=NESTED), 'holds no protocol'),
        (dict(protocol='{"name": "asl", "thr": 1' + '0' * 5000 + '}'), 'no protocol'),
        (dict(protocol='{"name": "asl", "thr": 1' + '0' * 400 + '}'), 'no protocol'),
        (dict(protocol='{"name": "asl", "thr": NaN}'), 'no protocol'),
        (dict(protocol='{"name": ["asl"]}'), 'no protocol'),
        (dict(protocol='{"name": "x"}'), 'no protocol'),
        (dict(protocol='{"name": "asl", "topk": "3"}'), 'no protocol'),
        (dict(protocol='["asl"]'), 'no protocol'),
        (dict(protocol='{'), 'no protocol'),
        (dict(thresholds=np.ones(3), thresholds_file=''), 'one number for each label'),
        (dict(thresholds=np.full(2, np.nan), thresholds_file=''), 'one number for'),
        (dict(thresholds=np.ones(2)), 'thresholds without their file'),
        (dict(thresholds_file=''), 'or a file without them'),
        (dict(thresholds=np.array(['a']), thresholds_file=''), "'thresholds' holds"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path, other, reason):
    assert reason in refusal(pack(tmp_path / 'results.npz', **other))


def test_a_missing_or_unknown_array_is_named(tmp_path):
    path = pack(tmp_path / 'results.npz', weights=np.ones(2))
    assert "it holds 'weights.npy', which is not understood" in refusal(path)
    np.savez(path, scores=np.ones((2, 2)))
    assert "it has no 'targets'" in refusal(path)
