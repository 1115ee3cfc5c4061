import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[3] / 'tools/benchmarks/average_precision.py'


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location('average_precision', PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_contestants_agree(tool):
    data = tool.draw(300, 5)
    expected = tool.ours(*data)
    assert expected.shape == (5,)
    assert len(tool.CONTESTANTS) == 4
    for contestant in tool.CONTESTANTS.values():
        np.testing.assert_allclose(contestant(*data), expected, rtol=1e-5)


def test_the_table_and_the_json(tool, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tool, 'memory_of', lambda *_: 3000)
    path = tmp_path / 'out.json'
    words = '--images 300 --labels 5 --repeats 3 --contestants sklearn --json'
    assert tool.main([*words.split(), str(path)]) == 0
    out = capsys.readouterr().out
    assert out.startswith('300 x 5\ncpu ')
    content = json.loads(path.read_text())
    assert list(content['results']) == ['ours', 'sklearn']
    row = content['results']['sklearn']
    assert sorted(row['all_seconds'])[1] == row['seconds']
    assert row['memory_over_scores'] == 3000 / (300 * 5 * 4)
    assert f'| sklearn | {row["seconds"]:.3f} | ' in out
    assert {'cpu', 'threads', 'torch', 'mmpretrain'} <= set(content['machine'])
    with pytest.raises(SystemExit, match='2'):
        tool.main([*words.split(), str(path)])
    assert 'exists; name another, or add --overwrite' in capsys.readouterr().err


def test_a_package_that_is_missing_has_no_version(tool, monkeypatch):
    monkeypatch.setattr(tool, 'PACKAGES', ('numpy', 'no-such-package'))
    found = tool.machine(1)
    assert found['numpy'] == np.__version__
    assert 'no-such-package' not in found


def test_memory_is_that_of_a_process_of_its_own(tool):
    # an index of eight bytes for every image, at least, and not as much as its imports
    found = tool.memory_of('mmpretrain', 400_000, 2, 1)
    assert 400_000 * 8 < found < 400_000 * 100
