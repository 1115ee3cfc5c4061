import json
from copy import deepcopy

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpretrain.models import ResNet
from PIL import Image

from mvlr_mm.engine import FreezeModules
from mvlr_mm.features import making, open_array
from mvlr_mm.features.index import read_index
from mvlr_mm.features.making import freezers_of, make_features, model_for
from mvlr_mm.stores.folder import alone

TINY_RESNET = dict(type='ResNet', depth=18, stem_channels=8, base_channels=8)


@pytest.fixture
def make_config(make_config):
    """Configs of a backbone alone."""

    def make(*args, **kwargs):
        cfg = make_config(*args, **kwargs)
        cfg.model.neck = cfg.model.head = None
        return cfg

    return make


def picture(root, number):
    """Return a picture as the plain pipeline makes it, without the pipeline."""
    img = cv2.imread(str(root / f'{number}.png'))
    small = cv2.resize(img, (64, 64), interpolation=cv2.INTER_LINEAR)
    rgb = torch.tensor(small[..., ::-1].copy()).permute(2, 0, 1)
    return (rgb.float() - 120) / 60


@pytest.mark.parametrize('kind', ['resnet', 'vit', 'timm'])
def test_keeps_what_the_frozen_backbone_gives_for_each_picture(
    make_config, pictures, kind
):
    cfg, folder = make_config(kind), pictures / 'features'
    make_features(cfg, folder, views=0)
    assert read_index(folder).stage == 'patches'
    backbone = model_for(cfg).backbone
    for name, numbers in (('train', [0, 1, 2, 3]), ('val', [4, 5]), ('test', [5, 4])):
        found = open_array(folder, name)
        assert found.dtype == np.float16
        for i, number in enumerate(numbers):
            with torch.no_grad():
                feats = backbone(picture(pictures, number)[None])
            assert found[i, 0].shape == (*feats.grid, 16)
            there = torch.tensor(found[:, 0]).flatten(1, 2).float()
            distances = (there - feats.visual).abs().amax((1, 2))
            # float16 has 11 bits; the pictures of this tower differ by far more
            assert distances[i] <= feats.visual.abs().max() / 2**11
            assert distances.argmin() == i
            assert distances.sort().values[1] > 3 * distances[i]


def test_a_trained_projection_and_none_share_the_trunks_channels(make_config, pictures):
    path = pictures / 'trunk.pth'
    torch.manual_seed(0)
    kind = {key: value for key, value in TINY_RESNET.items() if key != 'type'}
    torch.save(dict(state_dict=ResNet(**kind).state_dict()), path)
    trunk = dict(TINY_RESNET, init_cfg=dict(type='Pretrained', checkpoint=str(path)))
    own = dict(type='DenseBackbone', trunk=trunk, in_channels=64)
    cfg = make_config(backbone=own)
    folder = pictures / 'features'
    assert make_features(cfg, folder, views=0) == 8
    assert read_index(folder).stage == 'trunk'
    backbone = model_for(cfg).backbone
    with torch.no_grad():
        maps = backbone.trunk(picture(pictures, 4)[None])[-1][0]
    there = torch.tensor(open_array(folder, 'val')[0, 0]).float()
    torch.testing.assert_close(there, maps.permute(1, 2, 0), rtol=2e-3, atol=2e-3)
    projected = make_config(backbone=dict(own, embed_dim=16), frozen=['backbone.trunk'])
    assert make_features(projected, folder, views=0) == 0


def test_keeps_what_the_last_frozen_part_of_a_trunk_gives(make_config, pictures):
    backbone = dict(type='CLIPBackbone', frozen_stages=3)
    cfg, folder = make_config('resnet', backbone, []), pictures / 'features'
    make_features(cfg, folder, views=0)
    assert read_index(folder).stage == 'tower.trunk.layer2.0'
    trunk = model_for(cfg).backbone.tower.trunk.eval()
    with torch.no_grad():
        stem = trunk.stem(picture(pictures, 4)[None])
        expected = trunk.layer2(trunk.layer1(stem))[0]
    there = torch.tensor(open_array(folder, 'val')[0, 0]).float()
    torch.testing.assert_close(there, expected, rtol=2e-3, atol=2e-3)


def test_views_differ_and_depend_on_the_seed_alone(make_config, pictures):
    cfg = make_config()
    for name, seed, workers in (('a', 0, 0), ('b', 0, 2), ('c', 1, 0)):
        make_features(cfg, pictures / name, 3, seed, batch_size=5, workers=workers)
    first, again, other = (
        np.array(open_array(pictures / name, 'train_views')) for name in 'abc'
    )
    assert first.shape[:2] == (4, 3)
    assert len({row.tobytes() for row in first.reshape(12, -1)}) == 12
    # several processes add up in another order
    np.testing.assert_allclose(again, first, rtol=2e-3, atol=2e-3)
    assert abs(other - first).max() > 0.05
    for name in ('train', 'val', 'test'):
        same = (open_array(pictures / folder, name) for folder in 'ac')
        assert np.array_equal(*same)


def test_norms_are_folded_once_and_only_where_something_is_left(
    make_config, pictures, monkeypatch
):
    fold, folded = making.FrozenPart.fold, []

    def seen(part, picture):
        fold(part, picture)
        kinds = [type(module) for module in part.backbone.modules()]
        folded.append(torch.nn.BatchNorm2d not in kinds)

    monkeypatch.setattr(making.FrozenPart, 'fold', seen)
    for _ in range(2):
        make_features(make_config('resnet'), pictures / 'features', views=1)
    assert folded == [True]


def test_a_run_that_was_stopped_is_gone_on_with(make_config, pictures, monkeypatch):
    cfg = make_config()
    make_features(cfg, pictures / 'straight', views=2, batch_size=2)
    compute, calls = making.compute, []

    def stops(*args):
        for values in compute(*args):
            if len(calls) == 5:
                raise KeyboardInterrupt
            calls.append(len(values))
            yield values

    monkeypatch.setattr(making, 'compute', stops)
    with pytest.raises(KeyboardInterrupt):
        make_features(cfg, pictures / 'stopped', views=2, batch_size=2)
    with pytest.raises(FileNotFoundError, match=r'views\.npy is not whole.*go on'):
        open_array(pictures / 'stopped', 'train_views')
    monkeypatch.setattr(making, 'compute', compute)
    assert make_features(cfg, pictures / 'stopped', 2, batch_size=2) == 16 - sum(calls)
    for name in ('train', 'train_views', 'val', 'test'):
        found = (open_array(pictures / run, name) for run in ('straight', 'stopped'))
        assert np.array_equal(*found)


def test_steps_that_ask_for_tuples_take_the_configs(make_config, pictures):
    """Such as mmcv's Resize that keeps the sides' ratio: json has lists."""
    cfg = make_config()
    for split in ('train', 'val', 'test'):
        data = cfg[f'{split}_dataloader'].dataset
        resize = dict(type='Resize', scale=(96, 64), keep_ratio=True)
        crop = dict(type='CenterCrop', crop_size=48)
        data.pipeline = [data.pipeline[0], resize, crop, data.pipeline[-1]]
    assert make_features(cfg, pictures / 'kept', views=1) == 4 + 4 + 2 + 2
    assert make_features(cfg, pictures / 'kept', views=1) == 0  # and they fit


def more_pictures(cfg, root):
    Image.new('RGB', (64, 64)).save(root / 'new.png')
    with open(root / 'val.jsonl', 'a') as file:
        file.write('\n' + json.dumps(dict(image='new.png', labels=[])))


def another_picture(cfg, root):
    Image.new('RGB', (64, 64)).save(root / '2.png')


def another_size(cfg, root):
    cfg.val_dataloader.dataset.pipeline[1].scale = (96, 96)


def other_weights(cfg, root):
    cfg.model.clip.pretrained = None


def other_pixels(cfg, root):
    cfg.data_preprocessor.mean = [0, 0, 0]


CHANGES = {  # those of files last: they stay
    another_size: r'pipeline of val, step 1: .*64, 64.* there, .*96, 96.* here',
    other_weights: r'weights: those of the backbone have the checksum',
    other_pixels: r'data_preprocessor: .*120.* there, .*\[0, 0, 0\].* here',
    another_picture: r'pictures: 1 files of train have another size: .*2\.png',
    more_pictures: r'lists: 1 of 3 pictures of val are not there: .*new\.png',
}


def test_other_features_are_never_replaced_in_silence(make_config, pictures):
    cfg, folder = make_config(), pictures / 'features'
    make_features(cfg, folder, views=0)
    before = np.array(open_array(folder, 'val'))
    assert make_features(cfg, folder, views=0) == 0
    for change, reason in CHANGES.items():
        changed = deepcopy(cfg)
        change(changed, pictures)
        with pytest.raises(ValueError, match=f'other features.*{reason}.*--overwrite'):
            make_features(changed, folder, views=0)
    assert np.array_equal(open_array(folder, 'val'), before)
    assert make_features(cfg, folder, views=0, overwrite=True) == 9


def test_other_views_and_seeds_are_other_features(make_config, pictures):
    cfg, folder = make_config(), pictures / 'features'
    make_features(cfg, folder, views=2)
    for options, reason in (
        (dict(views=3), 'views of train_views: 2 there, 3 wanted'),
        (dict(views=2, seed=1), 'seed: 0 there, 1 wanted'),
        (dict(views=0), 'arrays: train_views there, and not wanted'),
    ):
        with pytest.raises(ValueError, match=reason):
            make_features(cfg, folder, **options)


def test_val_that_is_test_is_kept_once(make_config, pictures):
    cfg = make_config()
    cfg.test_dataloader = deepcopy(cfg.val_dataloader)
    assert make_features(cfg, pictures / 'features', views=0) == 6
    index = read_index(pictures / 'features')
    assert index.array_of('test') == index.array_of('val') == 'val'


def test_pictures_of_several_sizes_are_refused(make_config, pictures):
    cfg = make_config()
    cfg.val_dataloader.dataset.pipeline.pop(1)
    with pytest.raises(ValueError, match=r'several sizes.*Resize'):
        make_features(cfg, pictures / 'features', views=0)


def test_two_processes_do_not_write_to_one_folder(make_config, pictures):
    folder = pictures / 'features'
    with (
        alone(folder),
        pytest.raises(BlockingIOError, match='another process is computing'),
    ):
        make_features(make_config(), folder, views=0)


def test_foreign_arrays_stay(make_config, pictures):
    np.save(pictures / 'mine.npy', np.zeros(3))
    with pytest.raises(FileExistsError, match=r'is of no index.*name another --out'):
        make_features(make_config(), pictures, views=0)
    assert (pictures / 'mine.npy').is_file()


@pytest.mark.parametrize('kind', [FreezeModules, 'FreezeModules'])
def test_what_freezes_is_found_by_its_class_as_in_new_configs(kind):
    hooks = [dict(type='EMAHook'), dict(type=kind, names=['backbone'])]
    (found,) = freezers_of(Config(dict(custom_hooks=hooks)))
    assert found.names == ('backbone',)
