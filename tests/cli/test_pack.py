import dataclasses
import json

import pytest
import torch
from mmengine.config import Config

from mvlr_mm.apis import load_model
from mvlr_mm.apis.retag import check_takes_names, comparing_weights
from mvlr_mm.labels.scale import NameScale, write_name_scale
from mvlr_mm.labels.thresholds import write_thresholds
from mvlr_mm.loaded_model import build_model
from mvlr_mm.packs import read_pack
from mvlr_stack.command import main

CLASSES = ['cat', 'dog', 'boat']


@pytest.fixture
def work_dir(tiny_clip, tmp_path):
    """A folder as a training leaves it: mmengine sorts what is in its config."""
    prompt = dict(
        type='PDLR', text_encoder=dict(type='CLIPTextEncoder'), classes=CLASSES
    )
    neck = dict(type='NeckSequence', prompt=prompt, fusion=dict(type='IFM'))
    pipeline = [dict(type='LoadPicture'), dict(type='PackInputs')]
    data = dict(type='MultiLabelDataset', data_root='/gone', pipeline=pipeline)
    config = Config(
        dict(
            model=dict(
                type='VLClassifier',
                clip=tiny_clip(),
                backbone=dict(type='CLIPBackbone'),
                neck=neck,
                head=dict(type='SimilarityHead'),
            ),
            data_preprocessor=dict(mean=[120] * 3, std=[60] * 3),
            test_dataloader=dict(dataset=data),
        )
    )
    folder = tmp_path / 'run'
    folder.mkdir()
    config.dump(folder / 'tiny.py')
    model = build_model(config)
    torch.save({'state_dict': model.state_dict()}, folder / 'epoch_1.pth')
    return folder


def pack(*words):
    return main(['pack', *(str(word) for word in words)])


def test_a_work_dir_becomes_a_pack(work_dir, tmp_path, capsys):
    rows = [dict(name=n, threshold=0.3, temperature=2.0) for n in reversed(CLASSES)]
    write_thresholds(work_dir / 'thresholds.json', rows, {})
    numbers = tmp_path / 'numbers.json'
    protocol = dict(name='asl', more=[])
    numbers.write_text(json.dumps(dict(numbers=dict(mAP=71.5), protocol=protocol)))
    out = tmp_path / 'packs' / 'mine'
    assert pack(work_dir, '--out', out, '--licence', 'MIT', '--metrics', numbers) == 0
    said = capsys.readouterr().out
    found = read_pack(out)
    assert f'sha256 {found.sha256}' in said
    assert 'takes other labels by name' in said
    assert 'has not: -' in said
    about = found.about
    assert (about.licence, about.metrics) == ('MIT', {'mAP': 71.5})
    assert about.protocol == protocol
    assert about.thresholds == dict.fromkeys(CLASSES, 0.3)
    assert about.temperatures == dict.fromkeys(CLASSES, 2.0)
    own = load_model(work_dir).model.state_dict()
    packed = load_model(out).model.state_dict()
    assert all(torch.equal(own[name], packed[name]) for name in own)


def test_a_scale_of_names_of_other_weights_is_refused(work_dir, tmp_path, capsys):
    patches = torch.rand(2, 4, 16).half()
    scale = NameScale(tuple(CLASSES), ('sky',), 0.5, -2.0, 'older', (2, 2), patches)
    write_name_scale(work_dir / 'names.safetensors', scale)
    with pytest.raises(SystemExit, match='2'):
        pack(work_dir, '--out', tmp_path / 'mine')
    assert 'measured with other weights' in capsys.readouterr().err
    assert pack(work_dir, '--out', tmp_path / 'mine', '--without-text') == 0
    _, stage = check_takes_names(load_model(work_dir).model)
    weights = comparing_weights(stage, load_model(work_dir).model.head)
    write_name_scale(
        work_dir / 'names.safetensors', dataclasses.replace(scale, weights=weights)
    )
    assert pack(work_dir, '--out', tmp_path / 'other') == 0
    assert 'takes other labels by name and brings' in capsys.readouterr().out


def test_a_head_with_a_row_for_each_label_takes_no_others(work_dir, tmp_path, capsys):
    path = work_dir / 'tiny.py'
    config = Config.fromfile(path)
    config.model.neck.interaction = dict(type='QMVL', embed_dim=16)
    config.model.head = dict(type='VisualClassifierHead', num_classes=3, embed_dim=16)
    config.dump(path)
    weights = build_model(config).state_dict()
    torch.save({'state_dict': weights}, work_dir / 'epoch_1.pth')
    assert pack(work_dir, '--out', tmp_path / 'mine') == 0
    assert 'MB, with its text tower\n' in capsys.readouterr().out


def test_a_config_a_checkpoint_and_no_text(work_dir, tmp_path, capsys):
    out, file = tmp_path / 'mine', tmp_path / 'chosen.json'
    write_thresholds(file, [dict(name=n, threshold=0.2) for n in CLASSES], {})
    words = (work_dir / 'tiny.py', '--checkpoint', work_dir / 'epoch_1.pth')
    assert pack(*words, '--out', out, '--without-text', '--thresholds', file) == 0
    said = capsys.readouterr().out
    assert 'for its own labels alone' in said
    assert 'has: thresholds; has not: temperatures, protocol, metrics, licence' in said
    assert read_pack(out).thresholds == dict.fromkeys(CLASSES, 0.2)


@pytest.mark.parametrize(
    ('words', 'reason'),
    [
        (['{run}', '--metrics', '{run}/tiny.py'], 'is no json'),
        (['{run}', '--thresholds', '{run}/gone.json'], 'no such file'),
        (['{run}/gone', '--checkpoint', '{run}/epoch_1.pth'], 'no config'),
        (['{pack}'], 'is a pack already'),
    ],
)
def test_what_cannot_be_packed_is_said_in_a_line(
    work_dir, tmp_path, capsys, words, reason
):
    (tmp_path / 'pack').mkdir()
    (tmp_path / 'pack' / 'pack.json').touch()
    words = [w.format(run=work_dir, pack=tmp_path / 'pack') for w in words]
    with pytest.raises(SystemExit, match='2'):
        pack(*words, '--out', tmp_path / 'mine')
    assert reason in capsys.readouterr().err
    assert not (tmp_path / 'mine').exists()
