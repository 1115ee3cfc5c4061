import json

import pytest
from mmengine.registry import DefaultScope
from mmpretrain import registry

from mvlr_mm.packs.allowed import NEVER, PARTS, TRANSFORMS, check_settings


@pytest.mark.parametrize(
    ('types', 'known'),
    [(PARTS, registry.MODELS), (TRANSFORMS, registry.TRANSFORMS)],
)
def test_every_type_is_one_of_the_registry(types, known):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        assert not [name for name in types if known.get(name) is None]
    ours = {
        name
        for name, kind in known.module_dict.items()
        if kind.__module__.startswith('mvlr_mm.models')
    }
    # a file of vectors, a model of the transformers library
    assert ours <= types | {'LabelVectors', 'HFTextEncoder'}


@pytest.mark.parametrize(
    'settings',
    [
        {'type': 'os.system', 'command': 1},
        {'type': 'builtins.eval'},
        {'type': 'mmdet.ResNet'},
        {'type': 'HFTextEncoder'},
        {'type': 'LabelVectors'},
        {'type': ['ResNet']},
        {'type': 'ResNet', '_scope_': 'mmdet'},
        {'type': 'ResNet', 'init_cfg': {'type': 'ResNet'}},
        {'type': 'ResNet', 'pretrained': 'weights'},
        {'type': 'ResNet', 'style': '../weights'},
        {'type': 'ResNet', 'style': 'http://host'},
        {'type': 'ResNet', 'norm_cfg': {'type': 'torch.load'}},
        {'type': 'TIMMBackbone', 'model_name': 'hf-hub:someone/model'},
        {'type': 'TIMMBackbone', 'model_name': 'local-dir:/tmp'},
        {'type': 'TIMMBackbone', 'model_name': 'unheard'},
        {'type': 'TIMMBackbone', 'model_name': 'resnet18', 'pretrained': True},
        {'type': 'TIMMBackbone', 'checkpoint_path': 'weights.pth'},
        {'type': 'CLIPBackbone', 'model': 'RN50'},
        {'type': 'CLIPBackbone', 'model': {'vision_cfg': {'hf_model_name': 'a/b'}}},
        {'type': 'CLIPTextEncoder', 'model': {'text_cfg': {'hf_tokenizer_name': 'b'}}},
        {'model': {'text_cfg': {'tokenizer_kwargs': {'bpe_path': '/etc/passwd'}}}},
        {'model': {'vision_cfg': {'timm_model_pretrained': True}}},
        {'type': 'PDLR', 'classes': '/etc/passwd'},
        {'type': 'PDLR', 'classes': 'coco'},
        {'type': 'PDLR', 'classes': [['/etc/passwd']]},
        {'type': 'PDLR', 'template': '{}' + 'a' * 10_000},
        {'type': 'PDLR', 'classes': ['a' * 10_000]},
        {'type': 'SimilarityHead', 'thr': '/etc/passwd'},
        {'type': 'SimilarityHead', 'thr': {'cat': 'file'}},
        {'type': 'SimilarityHead', 'scale': 1e300},
        {'type': 'VisionTransformer', 'arch': {'num_layers': 2**30}},
        {'type': 'SimilarityHead', 'some-thing': 1},
        {'type': 'QMVL', 'scan_backend': 'native'},
        json.loads('{"a": ' * 30 + '1' + '}' * 30),
    ],
)
def test_what_could_name_more_than_a_part_is_refused(settings):
    with pytest.raises(ValueError, match=r'.'):
        check_settings(settings, PARTS)


@pytest.mark.parametrize(
    'step',
    [
        {'type': 'LoadPicture', 'backend_args': {'backend': 'http'}},
        {'type': 'LoadImageFromFile', 'file_client_args': {'path': 1}},
        {'type': 'Compose', 'transforms': []},
        {'type': 'Resize', 'backend': 'a.b'},
    ],
)
def test_transforms_read_pictures_of_the_user_alone(step):
    with pytest.raises(ValueError, match=r'.'):
        check_settings(step, TRANSFORMS)


def test_what_a_model_needs_is_allowed():
    check_settings(
        {
            'type': 'SimilarityHead',
            'thr': {'a label/with: signs': 0.5, 'pretrained': None},
            'loss': {'type': 'LogitAsymmetricLoss', 'reduction': 'sum'},
            **dict.fromkeys(NEVER),
        },
        PARTS,
    )
    check_settings({'type': 'TIMMBackbone', 'model_name': 'resnet50.a1_in1k'}, PARTS)
    check_settings({'type': 'PDLR', 'template': 'see http://x: {}'}, PARTS)
