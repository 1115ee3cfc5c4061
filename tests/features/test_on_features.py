"""Trainings on features beside the same trainings on pictures."""

import json
import re
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mvlr_mm.apis import MultiLabelInferencer
from mvlr_mm.engine import load_weights
from mvlr_mm.evaluation.results import read_results
from mvlr_mm.features import LoadFeatures
from mvlr_stack.command import main

NUMBERS = count()


def mvlr(word, *words, **options):
    """Run a command; its runner has a name of its own, since names are per second."""
    given = [f'{key}={value}' for key, value in options.items()]
    if word != 'features':
        given.append(f'experiment_name=run{next(NUMBERS)}')
    more = ['--cfg-options', *given] if given else []
    return main([word, *map(str, words), *more])


def train(cfg, work_dir, *words, **options):
    mvlr('train', cfg.filename, '--work-dir', work_dir, *words, **options)


def plain(cfg):
    """Write the config without augmentation."""
    cfg.train_dataloader.dataset.pipeline = cfg.val_dataloader.dataset.pipeline
    cfg.dump(cfg.filename)
    return cfg


@pytest.mark.parametrize(
    ('kind', 'backbone', 'frozen', 'rate'),
    [
        ('vit', dict(type='CLIPBackbone'), ['backbone'], 0.1),
        ('timm', dict(type='CLIPBackbone', frozen_stages=-1), [], 0.1),  # proj trains
        # the trunk's last stage does, through which rounding grows
        ('vit', dict(type='CLIPBackbone', frozen_stages=2), [], 0.01),
        (
            'resnet',
            dict(type='CLIPBackbone', frozen_stages=4),
            ['backbone.tower.proj'],
            0.01,
        ),
    ],
)
def test_a_training_is_that_on_pictures_and_its_checkpoint_predicts_them(
    make_config, pictures, kind, backbone, frozen, rate
):
    cfg = make_config(kind, backbone, frozen)
    cfg.optim_wrapper.optimizer.lr = rate
    plain(cfg)
    folder, on_features, on_pictures = (pictures / name for name in ('f', 'a', 'b'))
    mvlr('features', cfg.filename, '--views', 0, '--out', folder, '--workers', 0)
    train(cfg, on_pictures)
    train(cfg, on_features, '--features', folder)
    expected, found = (
        load_weights(run / 'epoch_2.pth')['state_dict']
        for run in (on_pictures, on_features)
    )
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-2, atol=2e-3)
    last = on_features / 'epoch_2.pth'
    tested = {}
    for out, words in (('p', []), ('f', ['--features', folder])):
        path = pictures / f'{out}.npz'
        mvlr('test', cfg.filename, last, '--out', path, *words)
        tested[out] = read_results(path).scores
    # float16 moves a score by far less than another picture does
    apart = np.ptp(tested['p'], axis=0).max()
    assert abs(tested['p'] - tested['f']).max() < min(apart / 10, 1e-3)
    # the work dir alone serves, too: its config is the one for pictures
    files = [pictures / f'{number}.png' for number in (5, 4)]
    tagged = MultiLabelInferencer(on_features)(files, fmt=('scores',))
    np.testing.assert_allclose([t.scores for t in tagged], tested['p'], atol=1e-5)


def test_views_follow_the_seed_and_a_resumed_run_shows_those_of_a_straight_one(
    make_config, pictures, monkeypatch
):
    cfg, folder, shown = make_config(), pictures / 'f', []
    mvlr('features', cfg.filename, '--views', 3, '--out', folder, '--workers', 0)
    transform = LoadFeatures.transform

    def watched(self, results):
        if self.name == 'train_views':
            place = self.places[results['img_path']]
            shown.append((place, int(self.view[place])))
        return transform(self, results)

    monkeypatch.setattr(LoadFeatures, 'transform', watched)
    words = ['--features', folder, '--no-validate']

    def views_of(run, *more, epochs=3, seed=0):
        shown.clear()
        options = {'train_cfg.max_epochs': epochs, 'randomness.seed': seed}
        train(cfg, pictures / run, *words, *more, **options)
        return shown.copy()

    straight = views_of('straight')
    assert views_of('again') == straight
    assert views_of('other', seed=1) != straight
    assert [len({(p, v) for p, v in straight if p == i}) for i in range(4)] == [3] * 4
    first = views_of('parts', epochs=1)
    assert first + views_of('parts', '--resume') == straight


def spoil_all(cfg, root):
    """Name a new picture, another size, other weights."""
    (root / 'new.png').write_bytes((root / '0.png').read_bytes())
    with open(root / 'train.jsonl', 'a') as file:
        file.write('\n' + json.dumps(dict(image='new.png', labels=[])))
    cfg.val_dataloader.dataset.pipeline[1].scale = (96, 96)
    cfg.model.clip.pretrained = None
    cfg.randomness.seed = 1


def spoil_attention(cfg, root):
    """The same weights, in fewer heads."""
    content = json.loads(Path(cfg.model.clip.model).read_text())
    content['vision_cfg']['head_width'] *= 2
    cfg.model.clip.model = str(root / 'clip.json')
    (root / 'clip.json').write_text(json.dumps(content))


def let_the_trunk_train(cfg, root):
    cfg.custom_hooks = []


def train_the_last_stage(cfg, root):
    cfg.custom_hooks = []
    cfg.model.backbone.frozen_stages = 4


@pytest.mark.parametrize(
    ('spoil', 'reasons'),
    [
        (
            spoil_all,
            [
                r'lists: 1 of 5 pictures of train are not there: .*new\.png',
                r'pipeline of val, step 1: .*64, 64.* there, .*96, 96.* here',
                r'weights: those of the backbone have the checksum',
            ],
        ),
        (spoil_attention, [r'values: .*4\.png gives others now']),
        (let_the_trunk_train, [r'do not: backbone\.tower\.trunk\.']),
        (
            train_the_last_stage,
            [r'stage: .* at patches .* at tower\.trunk\.layer3\.0, since its trunk'],
        ),
    ],
)
def test_features_that_do_not_fit_stop_a_training_before_its_first_step(
    make_config, pictures, capsys, spoil, reasons
):
    kind = 'resnet' if spoil is train_the_last_stage else 'vit'
    cfg, folder = plain(make_config(kind)), pictures / 'f'
    mvlr('features', cfg.filename, '--views', 0, '--out', folder, '--workers', 0)
    spoil(cfg, pictures)
    cfg.dump(cfg.filename)
    with pytest.raises(SystemExit, match='2'):
        train(cfg, pictures / 'run', '--features', folder)
    said = capsys.readouterr().err
    assert all(re.search(reason, said) for reason in reasons)
    assert not list((pictures / 'run').glob('*.pth'))


def test_what_a_part_gives_serves_trainings_with_less_of_the_trunk(
    make_config, pictures, capsys
):
    backbone, folder = dict(type='CLIPBackbone', frozen_stages=3), pictures / 'f'
    cfg = make_config('resnet', backbone, [])
    mvlr('features', cfg.filename, '--views', 0, '--out', folder, '--workers', 0)
    words = ['--features', folder, '--no-validate']
    for stages in (4, -1):
        less = make_config('resnet', dict(backbone, frozen_stages=stages), [])
        train(plain(less), pictures / f'run{stages}', *words)
        assert (pictures / f'run{stages}/epoch_2.pth').is_file()
    more = make_config('resnet', dict(backbone, frozen_stages=2), [])
    with pytest.raises(SystemExit, match='2'):
        train(plain(more), pictures / 'run', *words)
    assert 'layer2.0 and this config needs them at tower.trunk.layer1.0' in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize('views', [0, 2])
def test_lists_may_name_fewer_pictures_and_the_config_that_is_kept_reads_them(
    make_config, pictures, views
):
    cfg, folder = make_config(), pictures / 'f'
    cfg = cfg if views else plain(cfg)
    mvlr('features', cfg.filename, '--views', views, '--out', folder, '--workers', 0)
    line = json.dumps(dict(image='3.png', labels=[], unknown=[1]))
    (pictures / 'train.jsonl').write_text(line)
    (pictures / '0.png').write_bytes((pictures / '5.png').read_bytes())  # in no list
    train(cfg, pictures / 'run', '--no-validate', features=folder)
    assert (pictures / 'run/epoch_2.pth').is_file()
    kept = Config.fromfile(pictures / 'run/tiny.py')
    assert kept.features == str(folder)
    assert kept.train_dataloader.dataset.pipeline[0].type == 'LoadPicture'
    assert kept.data_preprocessor.mean == [120] * 3


def test_what_a_loader_says_of_other_processes_is_left_out(make_config, pictures):
    cfg, folder = plain(make_config()), pictures / 'f'
    mvlr('features', cfg.filename, '--views', 0, '--out', folder, '--workers', 0)
    said = dict(timeout=60, prefetch_factor=4, persistent_workers=True)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.update(num_workers=2, multiprocessing_context='fork', **said)
    cfg.dump(cfg.filename)
    train(cfg, pictures / 'run', features=folder)
    assert (pictures / 'run/epoch_2.pth').is_file()


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--features', 'gone'], r'features gone: there is no index\.json'),
        (['--features', 'gone', '--tta'], '--tta needs pictures'),
    ],
)
def test_a_test_says_what_it_lacks(make_config, pictures, capsys, words, message):
    cfg = make_config()
    (pictures / 'x.pth').touch()
    with pytest.raises(SystemExit, match='2'):
        mvlr('test', cfg.filename, pictures / 'x.pth', *words)
    assert re.search(message, capsys.readouterr().err)
