import numpy as np
import pytest
import torch
from mmengine.config import Config
from torch import nn

from mvlr_mm.apis import LoadedModel
from mvlr_mm.labels.thresholds import write_thresholds
from mvlr_mm.loaded_model import build_model
from mvlr_mm.packs import build, read_pack, write_pack
from mvlr_mm.packs.settings import model_settings, pipeline_settings, quick_gelu

CLASSES = ('cat', 'traffic light', 'boat')
PICTURES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def predict(model):
    return [sample.pred_label.tolist() for sample in model.predict(PICTURES)]


@torch.no_grad()
def same_scores(one, other):
    return torch.equal(one(PICTURES), other(PICTURES))


@pytest.mark.parametrize('prompts', ['hard+soft', 'names'])
def test_without_the_text_tower_the_labels_are_what_they_were(make, tmp_path, prompts):
    prompt = dict(
        type='PDLR',
        text_encoder=dict(type='CLIPTextEncoder'),
        classes=list(CLASSES),
        prompts=prompts,
    )
    given = make(prompt)
    pack = write_pack(tmp_path / 'pack', given, with_text=False)
    model = build(pack)
    assert not pack.about.text
    assert not [name for name in pack.weights if 'text_encoder' in name]
    assert pack.about.model['clip']['model']['text_cfg'] == {}
    assert same_scores(model, given.model)
    model.neck.set_classes(['boat', 'cat'])
    with pytest.raises(ValueError, match="'sheep' is none of the 2 labels"):
        model.neck.set_classes(['sheep'])
    assert model.neck.classes == ('boat', 'cat')


def test_vectors_of_a_file_become_part_of_the_pack(make, tmp_path):
    file = tmp_path / 'vectors.npz'
    rng = np.random.default_rng(0)
    np.savez(file, names=CLASSES, vectors=rng.normal(size=(3, 12)))
    given = make(
        dict(type='LabelVectors', file=str(file), key='vectors', classes=list(CLASSES))
    )
    pack = write_pack(tmp_path / 'pack', given)
    file.unlink()
    assert not pack.about.text
    assert same_scores(build(pack), given.model)


@pytest.mark.parametrize(
    'head',
    [
        dict(type='Query2LabelHead'),
        dict(type='MLDecoderHead', num_groups=2, width=8),
        dict(type='CTranHead'),
        dict(type='CSRAHead', num_heads=4),
        dict(type='TagCLIPHead', text_encoder=dict(type='CLIPTextEncoder')),
        dict(type='SPARCHead', text_encoder=dict(type='CLIPTextEncoder')),
    ],
    ids=lambda head: head['type'],
)
def test_a_head_with_labels_of_its_own_is_packed(make, tmp_path, head):
    given = make(parts=dict(neck=None, head=dict(head, classes=list(CLASSES))))
    pack = write_pack(tmp_path / 'pack', given)
    assert not pack.about.text
    assert same_scores(build(pack), given.model)


@pytest.mark.parametrize('kind', ['MLGCNHead', 'SALGLHead'])
def test_what_files_say_of_labels_becomes_part_of_the_pack(make, tmp_path, kind):
    file, count = tmp_path / 'labels.npz', len(CLASSES)
    vectors = np.random.default_rng(0).normal(size=(count, 6)).astype('float32')
    together = np.ones((count, count), int)
    counts = dict(counts=np.full(count, 2), cooccurrence=together)
    np.savez(file, names=CLASSES, vectors=vectors, **counts)
    head = dict(type=kind, classes=list(CLASSES), hidden_dim=8)
    head |= dict(label_vectors=str(file), vectors_key='vectors')
    head |= dict(graph=str(file)) if kind == 'MLGCNHead' else {}
    given = make(parts=dict(neck=None, head=head))
    pack = write_pack(tmp_path / 'pack', given)
    file.unlink()
    assert same_scores(build(pack), given.model)


@pytest.mark.parametrize('with_text', [True, False])
@pytest.mark.parametrize('kind', ['DualPrompts', 'DualPromptsPerLabel'])
def test_prompts_for_and_against_are_packed(make, tmp_path, with_text, kind):
    encoder = dict(type='CLIPTextEncoder')
    prompt = dict(type=kind, text_encoder=encoder, classes=list(CLASSES))
    neck = dict(type='NeckSequence', prompt=prompt)
    given = make(parts=dict(neck=neck, head=dict(type='DualCoOpHead')))
    pack = write_pack(tmp_path / 'pack', given, with_text=with_text)
    assert pack.about.text is with_text
    assert same_scores(build(pack), given.model)


def test_thresholds_of_the_head_go_with_it(make, tmp_path):
    file = tmp_path / 'thresholds.json'
    found = zip(reversed(CLASSES), (0.3, float('inf'), 0.001), strict=True)
    rows = [dict(name=n, threshold=x) for n, x in found]
    write_thresholds(file, rows, {})
    given = make(head=dict(thr=str(file)))
    model = build(write_pack(tmp_path / 'pack', given))
    file.unlink()
    assert predict(model) == predict(given.model)
    assert [0, 2] in predict(model)


def config_of(model, **more):
    return Config(dict(model=model, **more))


@pytest.mark.parametrize(
    'backbone',
    [
        dict(
            type='TIMMBackbone',
            model_name='mobilenetv3_small_050',
            checkpoint_path='',
            num_classes=0,
        ),
        dict(type='mmpretrain.MobileNetV3', arch='small_050', init_cfg=None),
        dict(type='ResNet', depth=18, norm_cfg=dict(type='BN', eps=1e-4)),
    ],
)
def test_models_of_mmpretrain(tmp_path, backbone):
    width = 512 if backbone['type'] == 'ResNet' else 1024
    width = 288 if 'MobileNetV3' in backbone['type'] else width
    config = config_of(
        dict(
            type='ImageClassifier',
            backbone=backbone,
            neck=dict(type='GlobalAveragePooling'),
            head=dict(
                type='MultiLabelLinearClsHead',
                num_classes=3,
                in_channels=width,
                loss=dict(type='AsymmetricLoss', gamma_pos=0.0),
            ),
            data_preprocessor=dict(mean=[0], std=[255], num_classes=3),
        )
    )
    given = LoadedModel(build_model(config), CLASSES, [], None, config)
    pack = write_pack(tmp_path / 'pack', given)
    assert same_scores(build(pack), given.model)
    assert pack.about.quick_gelu is None
    assert pack.about.protocol is None


class Own(nn.Module):
    """Of nobody but this test."""


@pytest.mark.parametrize(
    ('part', 'reason'),
    [
        (dict(type=Own), 'Own.* is not among the parts that a pack may hold'),
        (dict(type='ReconstructionLoss'), 'is not among the parts'),
        (dict(type='mmengine.ResNet'), 'is not among the parts'),
        (dict(type='HFTextEncoder', model='bert'), '--without-text'),
    ],
)
def test_a_part_that_no_pack_may_hold(loaded, part, reason):
    settings = loaded.config.model.to_dict() | {'backbone': part}
    other = LoadedModel(loaded.model, CLASSES, [], None, config_of(settings))
    with pytest.raises(ValueError, match=reason):
        model_settings(other, True)


def test_a_transform_that_no_pack_may_hold(loaded):
    steps = [dict(type='LoadPicture'), dict(type='RandomFlip', prob=0.5)]
    other = LoadedModel(loaded.model, CLASSES, steps, None, loaded.config)
    with pytest.raises(ValueError, match='RandomFlip is not among'):
        pipeline_settings(other)


def test_names_of_clips_become_their_configs(loaded, tmp_path):
    settings = loaded.config.model.to_dict()
    settings['clip'] = dict(model='RN101-quickgelu', pretrained='openai')
    other = LoadedModel(loaded.model, CLASSES, [], None, config_of(settings))
    found, _ = model_settings(other, True)
    assert found['clip']['model']['vision_cfg']['layers'] == [3, 4, 23, 3]
    assert quick_gelu(found) is True
    settings['clip'] = dict(model='ViT-B-16-SigLIP', pretrained='webli')
    other = LoadedModel(loaded.model, CLASSES, [], None, config_of(settings))
    with pytest.raises(ValueError, match=r'tokenizer .* --without-text'):
        model_settings(other, True)
    found, _ = model_settings(other, False)
    assert found['clip']['model']['text_cfg'] == {}
    read_pack(write_pack(tmp_path / 'pack', loaded).folder)
