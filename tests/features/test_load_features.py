import numpy as np
import pytest

from mvlr_mm.features import LoadFeatures
from mvlr_mm.features.index import ArrayInfo, Index, write_index

VIEWS = 4


@pytest.fixture
def folder(tmp_path):
    values = np.arange(30 * VIEWS, dtype=np.float16).reshape(30, VIEWS, 1, 1, 1)
    np.save(tmp_path / 'train_views.npy', values)
    pictures = {f'/p/{i}.jpg': 1 for i in range(30)}
    arrays = {'train_views': ArrayInfo('train', VIEWS, [])}
    index = Index('patches', '0', {}, 0, {'train': pictures}, arrays, {})
    write_index(tmp_path, index)
    return str(tmp_path)


def shown(load, seed, epoch):
    """Return the number of the view of each picture."""
    load.choose(seed, epoch)
    found = [load({'img_path': f'/p/{i}.jpg'})['img'] for i in range(30)]
    numbers = np.array([value.item() for value in found])
    assert np.array_equal(numbers // VIEWS, np.arange(30))  # of its own picture
    return (numbers % VIEWS).tolist()


def test_a_picture_shows_every_view_before_one_comes_again(folder):
    load = LoadFeatures(folder, 'train_views', 'train')
    for start in (0, VIEWS):
        epochs = [shown(load, 0, start + i) for i in range(VIEWS)]
        for views in zip(*epochs, strict=True):
            assert sorted(views) == list(range(VIEWS))


def test_the_order_is_the_seeds_and_the_pictures_own(folder):
    load = LoadFeatures(folder, 'train_views', 'train')
    orders = {
        seed: [shown(load, seed, epoch) for epoch in range(2 * VIEWS)]
        for seed in (0, 1)
    }
    again = LoadFeatures(folder, 'train_views', 'train')
    assert [shown(again, 0, epoch) for epoch in range(2 * VIEWS)] == orders[0]
    assert orders[0] != orders[1]
    assert orders[0][:VIEWS] != orders[0][VIEWS:]
    assert len(set(orders[0][0])) == VIEWS  # not all pictures the same view


def test_a_path_is_known_however_it_is_written(folder):
    load = LoadFeatures(folder, 'train_views', 'train')
    assert load({'img_path': '/p/../p/./3.jpg'})['img'].item() // VIEWS == 3


def test_a_picture_without_features_is_named(folder):
    load = LoadFeatures(folder, 'train_views', 'train')
    with pytest.raises(ValueError, match=r'/p/new\.jpg has no features'):
        load({'img_path': '/p/new.jpg'})


def test_what_is_read_does_not_write_to_the_file(folder):
    load = LoadFeatures(folder, 'train_views', 'train')
    load({'img_path': '/p/3.jpg'})['img'].zero_()
    assert shown(load, 0, 0) == shown(
        LoadFeatures(folder, 'train_views', 'train'), 0, 0
    )
