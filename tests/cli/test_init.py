import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from mmengine.runner import Runner
from PIL import Image

from mvlr_stack.command import main

FEW = ['train_cfg.max_epochs=1', 'img_size=64', 'train_dataloader.batch_size=8']
FEW += [f'{split}_dataloader.num_workers=0' for split in ('train', 'val', 'test')]


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Thirty pictures, and a csv with two labels of which one is rare."""
    monkeypatch.setenv('LOCAL_RANK', '0')
    monkeypatch.chdir(tmp_path)
    rows = ['image,labels']
    (tmp_path / 'data').mkdir()
    for i in range(30):
        pixels = np.random.default_rng(i).integers(0, 255, (20, 30, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f'data/{i}.png')
        rows.append(f'{i}.png,{"cat;dog" if i % 10 == 0 else "cat" if i % 2 else ""}')
    (tmp_path / 'data/labels.csv').write_text('\n'.join(rows))
    return tmp_path / 'data'


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def stopped(argv, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(argv)
    return capsys.readouterr().err


def test_a_project_is_verified_trained_tested_and_used(
    source, tiny_clip, monkeypatch, capsys
):
    # seconds of each run that have nothing to do with a project
    for name in ('dump_config', '_log_env'):
        monkeypatch.setattr(Runner, name, lambda *_: None)
    before = contents(source)
    clip = tiny_clip('resnet')['model']
    assert main(['init', 'pets', '--data', 'data', '--backbone', clip]) == 0
    out = capsys.readouterr().out
    assert "csv, labels in the column 'labels' (labels.csv)" in out
    assert '30 pictures, 2 labels, 0.7 a picture, 12 pictures without a label' in out
    assert 'split: drawn by label, seed 0: train, val, test' in out
    assert contents(source) == before
    monkeypatch.chdir('pets')
    for name in ('train', 'val', 'test'):
        assert '"labels": ["cat", "dog"]' in Path(f'{name}.jsonl').read_text()
    assert main(['verify', '--workers', '1']) == 0
    assert 'config: config.py, of this folder' in capsys.readouterr().err
    assert 'no checkpoint is named' in stopped(['test'], capsys)
    assert main(['train', '--cfg-options', *FEW]) == 0
    capsys.readouterr()
    assert main(['test', '--out', 'x.npz', '--cfg-options', *FEW]) == 0
    assert 'checkpoint: work_dirs/config/best_' in capsys.readouterr().err
    with np.load('x.npz') as results:
        assert results['scores'].shape[1] == 2


def test_the_way_into_a_project_can_be_copied_whatever_it_is_called(source, capsys):
    assert main(['init', "Tom's pets", '--data', 'data', '--backbone', 'small']) == 0
    command = capsys.readouterr().out.splitlines()[-1].partition('; next: ')[2]
    assert shlex.split(command) == ['cd', "Tom's pets;", 'mvlr', 'verify']


def test_the_same_seed_is_the_same_project(source):
    for name, seed in (('a', '0'), ('b', '0'), ('c', '1')):
        argv = ['init', name, '--data', 'data', '--backbone', 'small', '--seed', seed]
        assert main(argv) == 0
    a, b, c = map(contents, map(Path, 'abc'))
    assert a == b
    assert a['train.jsonl'] != c['train.jsonl']
    assert a['classes.json'] == c['classes.json']


def test_problems_write_nothing_unless_they_are_left_out(source, capsys):
    with (source / 'labels.csv').open('a') as file:
        file.write('\nnone.png,cat\n1.png,cat\n')
    argv = ['init', 'pets', '--data', 'data', '--backbone', 'small']
    assert main(argv) == 1
    out = capsys.readouterr().out
    assert 'problem: ' in out
    assert 'labels.csv:32: there is no picture none.png below' in out
    assert 'labels.csv:33 lists ' in out
    assert '2 problems; nothing was written. Mend them, or add --leave-out' in out
    assert not Path('pets').exists()
    assert main([*argv, '--leave-out']) == 0
    lists = [Path('pets', f'{name}.jsonl') for name in ('train', 'val', 'test')]
    assert sum(len(path.read_text().splitlines()) for path in lists) == 30


def test_a_source_without_a_usable_record(source, capsys):
    (source / 'labels.csv').write_text('image,labels\nnone.png,cat\n')
    argv = ['init', 'pets', '--data', 'data', '--classes', 'voc', '--backbone', 'small']
    assert 'has no record that can be used' in stopped(argv, capsys)


def test_no_project_is_replaced_in_silence(source, capsys):
    argv = ['init', 'pets', '--data', 'data', '--backbone', 'small']
    assert main(argv) == 0
    assert 'exists; name another, or add --overwrite' in stopped(argv, capsys)
    assert main([*argv, '--overwrite', '--backbone', 'vitb16']) == 0
    assert 'ViT-B-16' in Path('pets/config.py').read_text()


def test_all_problems_are_said_where_no_record_is_left(source, capsys):
    for i in range(30):
        (source / f'{i}.png').rename(source / f'gone_{i}.png')
    argv = ['init', 'p', '--data', 'data', '--backbone', 'small']
    with pytest.raises(SystemExit, match='2'):
        main(argv)
    out, err = capsys.readouterr()
    assert 'of 30 problems the first' in err
    assert out.count('problem: ') == 21
    assert 'problem: and 10 more.' in out


def splits_of(project):
    return {
        json.loads(line)['image']: name
        for name in ('train', 'val', 'test')
        for line in (project / f'{name}.jsonl').read_text().splitlines()
    }


def test_more_pictures_leave_those_of_before_in_their_splits(source, capsys):
    argv = ['init', 'pets', '--data', 'data', '--backbone', 'small']
    assert main([*argv, '--seed', '2']) == 0
    before = splits_of(Path('pets'))
    with (source / 'labels.csv').open('a') as file:
        for i in range(30, 50):
            shutil.copy(source / f'{i - 30}.png', source / f'{i}.png')
            file.write(f'\n{i}.png,cat')
    capsys.readouterr()
    assert main([*argv, '--overwrite']) == 0
    assert (
        'split: 30 pictures stay where they were; 20 drawn' in capsys.readouterr().out
    )
    after = splits_of(Path('pets'))
    assert len(after) == 50
    assert before.items() <= after.items()
    # what draws says to draw all
    assert main([*argv, '--overwrite', '--seed', '0']) == 0
    anew = splits_of(Path('pets'))
    assert main([*argv, '--overwrite', '--val', '0.15']) == 0
    assert splits_of(Path('pets')) == anew
    assert not before.items() <= anew.items()
    Path('pets/config.py').write_text('pictures = 3 +\n')
    assert 'cannot be read (SyntaxError' in stopped([*argv, '--overwrite'], capsys)
    assert splits_of(Path('pets')) == anew


def test_rare_labels_are_said(source, capsys):
    with (source / 'labels.csv').open('a') as file:
        file.write('\n')
    text = (source / 'labels.csv').read_text()
    (source / 'labels.csv').write_text(text.replace('\n2.png,', '\n2.png,cow'))
    assert main(['init', 'p', '--data', 'data', '--backbone', 'small']) == 0
    assert 'note: too rare to be in every split: cow (1).' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('more', 'message'),
    [
        ('--val 0.5', "--val: '0.5' must be a number above 0 and below 0.5"),
        ('--images nowhere', '--images nowhere: there is no such folder'),
        ('--classes none.txt', 'none.txt'),
        ('--backbone rn50', '--backbone '),
    ],
)
def test_wrong_arguments(source, capsys, more, message):
    argv = ['init', 'p', '--data', 'data', '--backbone', 'small', *more.split()]
    assert message in stopped(argv, capsys)


def test_real_pictures(shared_data, tmp_path, capsys):
    argv = ['--backbone', str(shared_data / 'clip_mini')]
    folder = tmp_path / 'ucm'
    assert main(['init', str(folder), '--data', str(shared_data / 'ucm17'), *argv]) == 0
    out = capsys.readouterr().out
    assert 'split: kept train, val, test' in out
    assert '1,340 pictures, 17 labels, 3.3 a picture' in out
    assert 'mvlr_custom_small-clip.py' in (folder / 'config.py').read_text()
