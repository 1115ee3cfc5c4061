import io
import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from mvlr_mm.labels.graph import read_label_graph

ROOT = Path(__file__).parents[3]
TOOL = runpy.run_path(str(ROOT / 'tools/dataset_converters/label_graph.py'))
LABELS = [['cat'], ['cat', 'dog'], ['dog', 'cat'], []]


@pytest.fixture
def config(tmp_path):
    """A config of four pictures that are not there, and no validation."""
    records = (dict(image=f'{i}.jpg', labels=y) for i, y in enumerate(LABELS))
    (tmp_path / 'train.jsonl').write_text('\n'.join(map(json.dumps, records)))
    dataset = dict(
        type='MultiLabelList',
        ann_file='train.jsonl',
        data_root=str(tmp_path),
        classes=['cat', 'dog', 'sea'],
        pipeline=[],
    )
    (tmp_path / 'config.py').write_text(
        "custom_imports = dict(imports=['mvlr_mm'], allow_failed_imports=False)\n"
        f"default_scope = 'mmpretrain'\ntrain_dataloader = dict(dataset={dataset!r})\n"
    )
    return tmp_path / 'config.py'


def run(*words):
    return TOOL['main']([str(word) for word in words])


@pytest.mark.parametrize('ending', ['npz', 'safetensors'])
def test_counts_the_training_labels(config, tmp_path, capsys, ending):
    out = tmp_path / f'new/graph.{ending}'
    assert run(config, out) == 0
    graph = read_label_graph(out, ['dog', 'cat', 'sea'])
    assert graph.counts.tolist() == [2, 3, 0]
    assert graph.cooccurrence.tolist() == [[0, 2, 0], [2, 0, 0], [0, 0, 0]]
    assert graph.known.tolist() == [[2] * 3, [3] * 3, [0] * 3]
    said = capsys.readouterr().out
    assert '4 pictures, 3 labels, 1.25 labels a picture' in said
    assert 'note: no picture of sea.' in said


def test_replaces_a_file_only_if_asked(config, tmp_path, capsys):
    out = tmp_path / 'graph.npz'
    assert run(config, out) == 0
    before = out.read_bytes()
    assert run(config, out) == 1
    assert 'exists; name another, or add --overwrite' in capsys.readouterr().err
    assert out.read_bytes() == before
    assert run(config, out, '--overwrite') == 0


def test_a_terminal_that_lacks_the_letters_of_a_path(config, tmp_path, monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), 'latin-1')
    monkeypatch.setattr(sys, 'stdout', terminal)
    out = tmp_path / 'caf\udce9 猫.npz'  # the first as bytes of another encoding
    assert run(config, out) == 0
    terminal.flush()
    assert b'caf\\udce9 \\u732b.npz' in terminal.buffer.getvalue()


def test_labels_with_problems_are_not_counted(config, tmp_path, capsys):
    (tmp_path / 'train.jsonl').write_text('{"image": "a.jpg", "labels": ["cow"]}')
    assert run(config, tmp_path / 'graph.npz') == 1
    assert 'have 1 problems, the first' in capsys.readouterr().err
    assert not (tmp_path / 'graph.npz').exists()


def test_a_config_without_training_and_a_bad_ending_are_refused(
    config, tmp_path, capsys
):
    (tmp_path / 'none.py').write_text('model = dict()')
    assert run(tmp_path / 'none.py', tmp_path / 'graph.npz') == 1
    assert 'none.py: the config has no train_dataloader.' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run(config, tmp_path / 'graph.pkl')
    assert 'graph.pkl must end with one of .npz' in capsys.readouterr().err


def test_real_pictures(shared_data, tmp_path):
    coco18 = shared_data / 'coco18'
    config = ROOT / 'configs/mvlr/mvlr_custom.py'
    out = tmp_path / 'graph.npz'
    assert run(config, out, '--cfg-options', f'data_root={coco18}') == 0
    names = json.loads((coco18 / 'classes.json').read_text())
    records = map(json.loads, (coco18 / 'train.jsonl').read_text().splitlines())
    states = np.zeros((2400, len(names)), int)
    for row, record in zip(states, records, strict=True):
        row[record['labels']] = 1
    graph = read_label_graph(out, names)
    assert graph.counts.tolist() == states.sum(0).tolist()
    both = states.T @ states - np.diag(states.sum(0))
    np.testing.assert_array_equal(graph.cooccurrence, both)
