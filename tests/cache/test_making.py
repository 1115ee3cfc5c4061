import json
import os
import shutil
from copy import deepcopy
from itertools import islice

import cv2
import numpy as np
import pytest
from PIL import Image

from mvlr_mm.cache import LoadCachedPicture, making
from mvlr_mm.cache.index import CACHE, read_index
from mvlr_mm.cache.making import make_cache
from mvlr_mm.stores.folder import alone, open_array


def arrays(folder):
    return {path.name: path.read_bytes() for path in folder.glob('*.npy')}


@pytest.mark.parametrize('workers', [0, 2])
def test_keeps_the_resized_pixels_of_every_picture(cfg, pictures, workers):
    folder = pictures / 'kept'
    assert make_cache(cfg, folder, workers) == 8
    for split, numbers in (('train', [0, 1, 2, 3]), ('val', [4, 5]), ('test', [5, 4])):
        found = open_array(folder, split, CACHE)
        assert found.shape == (len(numbers), 32, 40, 3)
        assert found.dtype == np.uint8
        for img, number in zip(found, numbers, strict=True):
            path = str(pictures / f'{number}.jpg')
            whole = Image.fromarray(cv2.imread(path))
            expected = np.asarray(whole.resize((40, 32), Image.Resampling.BICUBIC))
            assert np.abs(img.astype(int) - expected).max() <= 2


def test_a_run_that_was_stopped_is_gone_on_with(cfg, pictures, monkeypatch):
    make_cache(cfg, pictures / 'straight')
    append, calls = making.KeptPictures.append, []

    def stops(self, img, source):
        if len(calls) == 5:  # between the two arrays
            self.sources.append(source[None])
            raise KeyboardInterrupt
        calls.append(img)
        append(self, img, source)

    folder = pictures / 'stopped'
    with monkeypatch.context() as patch:
        patch.setattr(making.KeptPictures, 'append', stops)
        with pytest.raises(KeyboardInterrupt):
            make_cache(cfg, folder)
    with pytest.raises(FileNotFoundError, match=r'val\.npy is not whole.*go on'):
        LoadCachedPicture(str(folder), 'val')
    assert make_cache(cfg, folder) == 3
    assert arrays(folder) == arrays(pictures / 'straight')
    assert make_cache(cfg, folder) == 0


def more_pictures(cfg, root):
    Image.new('RGB', (64, 64)).save(root / 'new.jpg')
    with open(root / 'val.jsonl', 'a') as file:
        file.write('\n' + json.dumps(dict(image='new.jpg', labels=[])))


def another_order(cfg, root):
    cfg.val_dataloader.dataset.ann_file = 'test.jsonl'
    cfg.test_dataloader.dataset.ann_file = 'val.jsonl'


def another_size(cfg, root):
    cfg.val_dataloader.dataset.pipeline[1].scale = (96, 96)


def another_filter(cfg, root):
    cfg.train_dataloader.dataset.pipeline[1].interpolation = 'bilinear'


def fewer_splits(cfg, root):
    cfg.test_dataloader = None


def larger_file(cfg, root):
    with open(root / '2.jpg', 'ab') as file:
        file.write(b'x')


def other_content(cfg, root):
    """Another picture in as many bytes."""
    content = bytearray((root / '1.jpg').read_bytes())
    content[-5] ^= 1
    (root / '1.jpg').write_bytes(content)


CHANGES = {  # those of files last: they stay
    another_order: r'lists: the pictures of val are in another order',
    another_size: r'pipeline of val, step 1: .*40, 32.* there, .*96, 96.* here',
    another_filter: r'pipeline of train, step 1: .*bicubic.* there, .*bilinear.* here',
    fewer_splits: 'lists: test there, and not wanted',
    other_content: r'pictures: 1 files of train have changed: .*1\.jpg',
    larger_file: r'pictures: 1 files of train have another size: .*2\.jpg',
    more_pictures: r'lists: 1 of 3 pictures of val are not there: .*new\.jpg',
}


def test_other_pictures_are_never_replaced_in_silence(cfg, pictures):
    folder = pictures / 'kept'
    make_cache(cfg, folder)
    before = arrays(folder)
    for change, reason in CHANGES.items():
        changed = deepcopy(cfg)
        change(changed, pictures)
        with pytest.raises(ValueError, match=f'other pictures.*{reason}.*--overwrite'):
            make_cache(changed, folder)
    assert arrays(folder) == before
    assert make_cache(cfg, folder, overwrite=True) == 9


def test_a_copy_with_other_times_is_the_same(cfg, pictures, capsys):
    folder = pictures / 'kept'
    make_cache(cfg, folder)
    os.utime(pictures / '0.jpg', (0, 0))
    assert make_cache(cfg, folder) == 0
    assert 'files with another time: 1/1' in capsys.readouterr().out


def test_a_picture_that_changed_while_it_was_stopped_is_noticed(
    cfg, pictures, monkeypatch
):
    decoded = making._decoded
    with monkeypatch.context() as patch:
        patch.setattr(making, '_decoded', lambda *args: islice(decoded(*args), 2))
        make_cache(cfg, pictures / 'kept')
    other_content(cfg, pictures)
    with pytest.raises(ValueError, match=r'1 files of train have changed: .*1\.jpg'):
        make_cache(cfg, pictures / 'kept')


def test_val_that_is_test_is_kept_once(cfg, pictures):
    cfg.test_dataloader = deepcopy(cfg.val_dataloader)
    assert make_cache(cfg, pictures / 'kept') == 6
    index = read_index(pictures / 'kept')
    assert index.array_of('test') == index.array_of('val') == 'val'


def test_pictures_of_several_sizes_are_refused(cfg, pictures):
    cfg.val_dataloader.dataset.pipeline[1].keep_ratio = True
    with pytest.raises(ValueError, match=r'several sizes.*Resize'):
        make_cache(cfg, pictures / 'kept')


def test_a_folder_of_features_is_no_cache(cfg, pictures):
    folder = pictures / 'kept'
    make_cache(cfg, folder)
    index = json.loads((folder / 'index.json').read_text())
    (folder / 'index.json').write_text(json.dumps(index | dict(kind='features')))
    with pytest.raises(ValueError, match=r'is of `mvlr features`, not of `mvlr cache`'):
        LoadCachedPicture(str(folder), 'train')


def test_two_processes_do_not_write_to_one_folder(cfg, pictures):
    folder = pictures / 'kept'
    with alone(folder), pytest.raises(BlockingIOError, match='another process'):
        make_cache(cfg, folder)


def test_a_picture_that_cannot_be_read_is_named(cfg, pictures):
    shutil.copy(pictures / 'tiny.py', pictures / '1.jpg')
    with pytest.raises(ValueError, match=r'1\.jpg'):
        make_cache(cfg, pictures / 'kept')
