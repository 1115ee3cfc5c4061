import hashlib
import json

import numpy as np
import pytest

from mvlr_mm.datasets.scenes import CLASSES, draw_scene, write_scenes
from mvlr_mm.datasets.scenes.captions import SAME_PLURAL

COUNTS = {'train': 6, 'val': 3, 'test': 4}


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('scenes')
    assert write_scenes(folder, COUNTS, seed=3, size=64)
    return folder


def _read(root, kind, split):
    return json.loads((root / 'annotations' / f'{kind}_{split}.json').read_text())


def _digest(root):
    digest = hashlib.sha256()
    for path in sorted(root.rglob('*')):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def test_files_are_coco(root):
    image_ids = set()
    for split, count in COUNTS.items():
        boxes = _read(root, 'instances', split)
        assert [c['name'] for c in boxes['categories']] == list(CLASSES)
        assert len(boxes['images']) == count
        ids = {image['id'] for image in boxes['images']}
        assert not ids & image_ids  # the splits share no id
        image_ids |= ids
        for image in boxes['images']:
            assert (root / split / image['file_name']).is_file()
        for box in boxes['annotations']:
            x, y, width, height = box['bbox']
            assert box['image_id'] in ids
            assert 0 <= x < x + width <= 64
            assert 0 <= y < y + height <= 64
            assert 0 < box['area'] <= width * height
        captions = _read(root, 'captions', split)
        assert {c['image_id'] for c in captions['annotations']} == ids


def test_annotations_of_other_pictures_stay(tmp_path):
    mine = tmp_path / 'annotations/instances_val.json'
    mine.parent.mkdir()
    mine.write_text('months of work')
    with pytest.raises(FileExistsError, match=r'_val\.json exists and .* has no sc'):
        write_scenes(tmp_path, COUNTS, size=64)
    assert mine.read_text() == 'months of work'
    assert not (tmp_path / 'train').exists()


def test_what_was_interrupted_or_cut_off_is_drawn_again(root, tmp_path):
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_scenes(tmp_path, COUNTS, seed=3, size=64, advance=stop)
    assert write_scenes(tmp_path, COUNTS, seed=3, size=64)
    assert _digest(tmp_path) == _digest(root)
    (tmp_path / 'scenes.json').write_text('{"version": 2, "se')
    assert write_scenes(tmp_path, COUNTS, seed=3, size=64)
    assert _digest(tmp_path) == _digest(root)


def test_same_seed_same_bytes_and_second_run_draws_nothing(root, tmp_path):
    assert write_scenes(tmp_path, COUNTS, seed=3, size=64)
    assert _digest(tmp_path) == _digest(root)
    assert not write_scenes(tmp_path, COUNTS, seed=3, size=64)
    assert write_scenes(tmp_path, COUNTS, seed=4, size=64)
    assert _digest(tmp_path) != _digest(root)


def test_an_interrupted_run_is_done_again(tmp_path):
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_scenes(tmp_path, {'val': 2}, size=32, advance=stop)
    assert write_scenes(tmp_path, {'val': 2}, size=32)


def test_a_picture_does_not_depend_on_how_many_are_drawn(root, tmp_path):
    write_scenes(tmp_path, {'train': 2}, seed=3, size=64)
    name = _read(root, 'instances', 'train')['images'][1]['file_name']
    few, many = tmp_path / 'train' / name, root / 'train' / name
    assert few.read_bytes() == many.read_bytes()


def test_splits_differ():
    train, test = (np.asarray(draw_scene(s, 0)[0]) for s in ('train', 'test'))
    assert (train != test).any()


def test_unknown_split_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"split 'dev'.*train, val, test"):
        write_scenes(tmp_path, {'dev': 1})


def test_labels_are_what_the_docs_say():
    """Boats need the sea, sun excludes moon, most scenes hold several labels."""
    scenes = [{t.name for t in draw_scene('train', i)[1]} for i in range(150)]
    counts = [len(labels) for labels in scenes]
    assert min(counts) >= 1
    assert np.mean(counts) > 3.5
    assert {label for labels in scenes for label in labels} == set(CLASSES)
    for labels in scenes:
        assert not {'sun', 'moon'} <= labels
        assert not {'sun', 'star'} <= labels
    boats = [labels for labels in scenes if 'boat' in labels]
    assert np.mean(['sea' in labels for labels in boats]) > 0.9


def test_captions_name_only_what_is_visible():
    for index in range(40):
        _, seen, captions = draw_scene('val', index)
        labels = {thing.name for thing in seen}
        for caption in captions:
            words = f' {caption[:-1].replace(",", "")} '
            named = {
                label
                for label in CLASSES
                if f' {label} ' in words
                or (label not in SAME_PLURAL and f' {label}s ' in words)
            }
            assert named <= labels
