"""The commands of the guide, as they stand there, on drawn scenes and a tiny CLIP."""

import importlib
import json
import shutil
import sys
from pathlib import Path

import pytest

from mvlr_mm.datasets.scenes import draw_scene
from mvlr_stack.command import main

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / 'tools'))
transcript = importlib.import_module('benchmarks.transcript')
COUNTS = dict(train=8, val=4, test=5)


@pytest.fixture
def data(tmp_path):
    """Drawn pictures, as the real sets lie on the disk."""
    folder = tmp_path / 'scenes'
    (folder / 'images').mkdir(parents=True)
    seen = {}
    for split, count in COUNTS.items():
        for i in range(count):
            picture, things, _ = draw_scene(split, i, size=64)
            name = f'{split}{i}.png'
            picture.save(folder / 'images' / name)
            seen[name] = sorted({thing.name for thing in things})
    names = sorted(set().union(*seen.values()))
    (folder / 'classes.json').write_text(json.dumps(names))
    for split in COUNTS:
        lines = [
            json.dumps(dict(image=name, labels=[names.index(x) for x in labels]))
            for name, labels in seen.items()
            if name.startswith(split)
        ]
        (folder / f'{split}.jsonl').write_text('\n'.join(lines))
    return folder


@pytest.mark.slow  # over a minute; each command has tests of its own
def test_the_guide_goes_from_csv_to_parquet(data, tmp_path, tiny_clip, monkeypatch):
    steps = importlib.import_module('benchmarks.transcript_steps')

    def run(words, folder, log):  # in this process, which has imported torch already
        monkeypatch.chdir(folder)
        assert main(words) == 0

    monkeypatch.setattr(steps, 'run', run)
    guide = Path(shutil.copy(transcript.GUIDE, tmp_path))
    before = sorted(data.rglob('*'))
    clip = tiny_clip('resnet')['model']
    options = ['--work', str(tmp_path / 'work'), '--clip', clip]
    for words in ('train --cfg-options train_cfg.max_epochs=1', 'demo --port 0'):
        options += ['--add', words]
    transcript.main([str(data), *options, '--guide', str(guide)])
    folder = tmp_path / 'work/scenes'
    project = folder / 'pets'
    assert (project / 'work_dirs/config/report.html').is_file()
    assert (project / 'my_model/SHA256SUMS').is_file()
    assert (project / 'model.onnx').is_file()
    log = (folder / 'transcript.log').read_text()
    assert "test0.png: ['" in log  # the page's labels
    assert 'killed after 1 of 5; 5 in the end' in log
    photos = folder / 'new_photos'
    assert len(list(photos.glob('*.png.xmp'))) == COUNTS['test']
    assert sorted(data.rglob('*')) == before  # what was given is as it was
    words = [
        words[1] for words in transcript.read_commands(guide) if words[0] == 'mvlr'
    ]
    table = guide.read_text().partition('<!-- minutes -->')[2]
    assert [row.split('`')[1] for row in table.splitlines() if '| `' in row] == words
    assert 'scenes: 8 + 4 + 5 pictures' in table


def test_the_table_has_a_column_for_each_set_of_pictures():
    columns = {'a': {'init': 6.0, 'train': 120.0}, 'b': {'init': 3.0, 'train': 60.0}}
    assert transcript.table_of(columns).splitlines() == [
        '| step | a | b |',
        '|---|---:|---:|',
        '| `init` | 0.1 | 0.1 |',
        '| `train` | 2.0 | 1.0 |',
        '| together | 2.1 | 1.1 |',
    ]
