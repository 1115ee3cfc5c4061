"""Trainings on kept pictures beside the same trainings on files."""

import os
import pickle
import re
from itertools import count

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import DATASETS

from mvlr_mm.cache import LoadCachedPicture, make_cache, on_cache
from mvlr_mm.engine import load_weights
from mvlr_stack.command import main

NUMBERS = count()


def mvlr(word, *words):
    given = [] if word == 'cache' else [f'experiment_name=cached{next(NUMBERS)}']
    more = ['--cfg-options', *given] if given else []
    return main([word, *map(str, words), *more])


def data_set(cfg):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return DATASETS.build(cfg.train_dataloader.dataset)


def test_a_loader_gives_the_same_pictures_and_says_the_same_of_them(cfg, pictures):
    make_cache(cfg, pictures / 'kept')
    cfg.cache = str(pictures / 'kept')
    on_files, on_kept = data_set(cfg), data_set(on_cache(cfg))
    assert [type(step).__name__ for step in on_kept.pipeline.transforms] == [
        'LoadCachedPicture',
        'CutoutPatch',
        'PackInputs',
    ]
    for again in (on_kept, pickle.loads(pickle.dumps(on_kept))):
        for i in range(4):
            np.random.seed(i)
            expected = on_files[i]
            np.random.seed(i)
            found = again[i]
            assert torch.equal(found['inputs'], expected['inputs'])
            wanted = dict(expected['data_samples'].metainfo_items())
            assert dict(found['data_samples'].metainfo_items()) == wanted
            assert wanted['ori_shape'] == (80 - i, 60 + i)


def test_a_worker_is_sent_the_name_of_the_arrays_and_not_the_arrays(cfg, pictures):
    make_cache(cfg, pictures / 'kept')
    load = LoadCachedPicture(str(pictures / 'kept'), 'train')
    assert load.pictures.nbytes > 10_000
    assert len(pickle.dumps(load)) < 500


def test_a_training_is_that_on_files_and_keeps_their_config(cfg, pictures):
    folder = pictures / 'kept'
    mvlr('cache', cfg.filename, '--out', folder, '--workers', 1)
    mvlr('train', cfg.filename, '--work-dir', pictures / 'a')
    mvlr('train', cfg.filename, '--work-dir', pictures / 'b', '--cache', folder)
    expected, found = (
        load_weights(pictures / run / 'epoch_1.pth')['state_dict'] for run in 'ab'
    )
    for name, value in expected.items():
        assert torch.equal(found[name], value), name
    kept = Config.fromfile(pictures / 'b/tiny.py')
    assert kept.cache == str(folder)
    assert kept.train_dataloader.dataset.pipeline[0].type == 'LoadPicture'
    last = pictures / 'b/epoch_1.pth'
    mvlr('test', cfg.filename, last, '--cache', folder, '--work-dir', pictures / 'c')


def another_size(cfg, root):
    cfg.val_dataloader.dataset.pipeline[1].scale = (96, 96)


def another_file(cfg, root):
    (root / '1.jpg').write_bytes((root / '2.jpg').read_bytes())


def other_content(cfg, root):
    content = bytearray((root / '4.jpg').read_bytes())
    content[-5] ^= 1
    (root / '4.jpg').write_bytes(content)


def another_decoder(cfg, root):
    """What neither a list nor a file tells."""
    array = np.load(root / 'kept/train.npy', mmap_mode='r+')
    array[0] ^= 4
    array.flush()


@pytest.mark.parametrize(
    ('spoil', 'reason'),
    [
        (another_size, r'pipeline of val, step 1: .*40, 32.* there, .*96, 96.* here'),
        (
            another_file,
            r'pictures: 1 files of train have (another size|changed): .*1\.',
        ),
        (other_content, r'pictures: 1 files of val have changed: .*4\.jpg'),
        (another_decoder, r'values: .*0\.jpg gives other pixels now, by up to 4'),
    ],
)
def test_pictures_that_do_not_fit_stop_a_training_before_its_first_step(
    cfg, pictures, capsys, spoil, reason
):
    folder = pictures / 'kept'
    make_cache(cfg, folder)
    spoil(cfg, pictures)
    cfg.dump(cfg.filename)
    with pytest.raises(SystemExit, match='2'):
        mvlr('train', cfg.filename, '--work-dir', pictures / 'run', '--cache', folder)
    assert re.search(f'does not fit: {reason}', capsys.readouterr().err)
    assert not list((pictures / 'run').glob('*.pth'))


def test_a_list_may_name_fewer_pictures(cfg, pictures):
    folder = pictures / 'kept'
    make_cache(cfg, folder)
    os.utime(pictures / '3.jpg', (0, 0))
    lines = (pictures / 'train.jsonl').read_text().splitlines()
    (pictures / 'train.jsonl').write_text('\n'.join(lines[2:]))
    mvlr('train', cfg.filename, '--work-dir', pictures / 'run', '--cache', folder)
    assert (pictures / 'run/epoch_1.pth').is_file()


def test_a_picture_that_is_not_kept_is_named(cfg, pictures):
    make_cache(cfg, pictures / 'kept')
    load = LoadCachedPicture(str(pictures / 'kept'), 'train')
    with pytest.raises(ValueError, match=r'/x\.jpg is not among the pictures of'):
        load(dict(img_path='/x.jpg'))


def test_features_and_a_cache_are_too_much(cfg, pictures, capsys):
    words = ['--features', 'a', '--cache', 'b', '--work-dir', pictures / 'run']
    with pytest.raises(SystemExit, match='2'):
        mvlr('train', cfg.filename, *words)
    assert 'leave one of them out' in capsys.readouterr().err
