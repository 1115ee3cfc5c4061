import pickle

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


class Hostile:
    def __reduce__(self):
        return (pytest.fail, ('the file ran code',))


def test_no_file_runs_code(tmp_path):
    path = tmp_path / 'results.pkl'
    path.write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(ValueError, match='a pickle could run any code when read'):
        read_results(path)
    renamed = tmp_path / 'renamed.npz'
    path.rename(renamed)
    with pytest.raises(ValueError, match=r'renamed\.npz holds no results'):
        read_results(renamed)
    hidden = tmp_path / 'hidden.npz'
    arrays = dict(scores=np.array([Hostile()], object), targets=0, classes=0)
    np.savez(hidden, **arrays, paths=0, protocol='null', allow_pickle=True)
    with pytest.raises(ValueError, match=r'hidden\.npz holds no results'):
        read_results(hidden)


def test_a_broken_file_is_explained(tmp_path):
    path = tmp_path / 'results.npz'
    with pytest.raises(FileNotFoundError, match=r'results\.npz: no such file; write'):
        read_results(path)
    write_results(path, results())
    whole = path.read_bytes()
    for cut in (0, 100, len(whole) - 30):
        path.write_bytes(whole[:cut])
        with pytest.raises(ValueError, match='holds no results, or was cut off'):
            read_results(path)
    with path.open('wb') as file:
        np.save(file, np.ones((2, 2)))
    with pytest.raises(ValueError, match='holds no results, or was cut off'):
        read_results(path)
    np.savez(path, scores=np.ones((2, 2)))
    with pytest.raises(ValueError, match='write it again with `mvlr test CONFIG'):
        read_results(path)
    for wrong in ({'name': 'x'}, ['asl'], {'name': 'asl', 'topk': '3'}):
        write_results(path, results(protocol=wrong))
        with pytest.raises(ValueError, match='holds no results'):
            read_results(path)
    write_results(path, results(paths=PATHS[:2]))
    text = r'scores of shape \(3, 2\) for 2 images and 2 classes'
    with pytest.raises(ValueError, match=text):
        read_results(path)
