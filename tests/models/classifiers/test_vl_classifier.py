import pytest
import torch
from mmengine.analysis import get_model_complexity_info
from mmengine.config import Config, ConfigDict
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mvlr_mm.models.classifiers import VLClassifier

NAMES = ['cat', 'dog']
PROMPT = dict(type='PDLR', text_encoder=dict(type='CLIPTextEncoder'), classes=NAMES)
DENSE = dict(type='DenseBackbone', trunk=dict(type='ResNet', depth=18), in_channels=512)


def model(clip, backbone=None, head=None, **stages):
    neck = dict(type='NeckSequence', prompt=PROMPT, fusion=dict(type='IFM'))
    return dict(
        type='VLClassifier',
        clip=clip,
        backbone=backbone or dict(type='CLIPBackbone'),
        neck=neck | stages,
        head=head or dict(type='SimilarityHead', kcr=dict(type='KCRLoss')),
    )


def weights_of(pretrained, name):
    """The text tower that another model has as well."""
    return MODELS.build(dict(type='CLIPTextEncoder', **pretrained)).state_dict()[name]


def test_clip_is_said_once_and_all_widths_follow(tiny_clip):
    cfg = model(
        tiny_clip(),
        interaction=dict(type='QMVL'),
        head=dict(type='VisualClassifierHead', num_classes=2),
    )
    built = MODELS.build(ConfigDict(cfg))
    assert built.backbone.tower.proj.out_features == 16
    assert built.neck.fusion.embed_dim == built.neck.interaction.embed_dim == 16
    assert built.head.fc.in_features == 16
    assert not list(built.neck.prompt.proj.parameters())
    name = 'ln_final.weight'
    text = built.neck.prompt.text_encoder.state_dict()
    torch.testing.assert_close(text[name], weights_of(tiny_clip(), name))


@pytest.mark.parametrize('kind', ['resnet', 'vit', 'timm'])
def test_mmengine_counts_its_parameters_and_products(tiny_clip, kind):
    """mmpretrain's get_flops, which stops where a part of a model is None."""
    built = MODELS.build(model(tiny_clip(kind))).eval()
    told = get_model_complexity_info(built, (3, 64, 64), show_table=False)
    assert told['params'] == sum(p.numel() for p in built.parameters())
    assert told['flops'] > 0
    assert 'fusion' in told['out_arch']


def test_a_classifier_counts_the_labels_of_the_prompt_stage(tiny_clip):
    stages = dict(interaction=dict(type='QMVL'))
    head = dict(type='VisualClassifierHead')
    built = MODELS.build(ConfigDict(model(tiny_clip(), head=head, **stages)))
    assert built.head.fc.out_features == len(NAMES)
    said = dict(head, num_classes=5)
    built = MODELS.build(ConfigDict(model(tiny_clip(), head=said, **stages)))
    assert built.head.fc.out_features == 5


def test_a_head_takes_the_temperature_of_the_clip(clip_of):
    cfg = model(
        clip_of(7.5),
        prompt=PROMPT | dict(type='DualPrompts', num_tokens=2),
        fusion=None,
        head=dict(type='DualCoOpHead'),
    )
    assert MODELS.build(ConfigDict(cfg)).head.scale == pytest.approx(1.5)
    cfg['head'] = dict(type='DualCoOpHead', trained_scale=50.0)
    assert MODELS.build(ConfigDict(cfg)).head.scale == 10
    cfg['head'] = dict(type='DualCoOpHead', scale=3.0)
    assert MODELS.build(ConfigDict(cfg)).head.scale == 3


def test_a_childs_backbone_decides_about_the_text(tiny_clip):
    elsewhere = dict(model='RN101-quickgelu', pretrained='openai')
    built = MODELS.build(model(elsewhere, dict(type='CLIPBackbone', **tiny_clip())))
    assert built.neck.prompt.text_encoder.context_length == 24


def test_what_is_said_stays(tiny_clip):
    text = dict(type='CLIPTextEncoder', model=tiny_clip('vit')['model'])
    cfg = model(
        tiny_clip(),
        prompt=dict(PROMPT, text_encoder=dict(text, pretrained=None), embed_dim=16),
        fusion=dict(type='IFM', embed_dim=16, alpha=0.3),
    )
    torch.manual_seed(0)
    built = MODELS.build(cfg)
    token = 'token_embedding.weight'
    drawn = built.neck.prompt.text_encoder.state_dict()[token]
    assert not drawn.equal(weights_of(tiny_clip('vit'), token))  # None draws weights
    assert built.neck.fusion.alpha == 0.3
    cfg = model(tiny_clip(), fusion=dict(type='IFM', embed_dim=8))
    with pytest.raises(ValueError, match=r'embed_dim'):
        MODELS.build(cfg)(torch.randn(1, 3, 64, 64))


def test_another_backbone_takes_the_text_of_clip(tiny_clip):
    built = MODELS.build(model(tiny_clip(), dict(DENSE, embed_dim=16)))
    assert built.neck.prompt.text_encoder.context_length == 24
    built = MODELS.build(model(tiny_clip(), DENSE))  # 512 wide, the text 16
    assert built.neck.prompt.proj.weight.shape == (512, 16)
    assert built.neck.fusion.embed_dim == 512
    assert built(torch.randn(1, 3, 64, 64)).shape == (1, 2)


def test_stages_behind_a_dense_projection_have_its_width(tiny_clip):
    dense = dict(type='DenseProjection', in_channels=512, out_channels=16)
    cfg = model(tiny_clip(), dict(type='ResNet', depth=18))
    cfg['neck'] = dict(
        type='NeckSequence', dense=dense, prompt=PROMPT, fusion=dict(type='IFM')
    )
    built = MODELS.build(cfg)
    assert built.neck.fusion.embed_dim == 16
    assert built(torch.randn(1, 3, 64, 64)).shape == (1, 2)


def test_without_ifm_the_head_has_no_kcr_and_says_so(tiny_clip, monkeypatch):
    lines = []
    monkeypatch.setattr(
        'mvlr_mm.models.classifiers.vl_classifier.print_log',
        lambda line, **_kwargs: lines.append(line),
    )
    built = MODELS.build(model(tiny_clip(), fusion=None))
    assert len(lines) == 1
    assert 'goes without kcr: no stage of the neck (prompt) provides know' in lines[0]
    feats = built.features(torch.randn(1, 3, 64, 64))
    losses = built.head.loss(feats, [DataSample().set_gt_label([0])])
    assert set(losses) == {'loss'}
    assert MODELS.build(model(tiny_clip())).head.kcr_loss is not None
    assert len(lines) == 1


def test_the_config_is_left_as_it_is(tiny_clip):
    cfg = Config(dict(model=model(tiny_clip(), fusion=None)))
    before = cfg.to_dict()
    MODELS.build(cfg.model)
    assert cfg.to_dict() == before


def test_built_parts_are_taken(tiny_clip):
    cfg = model(tiny_clip())
    parts = MODELS.build(cfg)
    again = VLClassifier(parts.backbone, parts.neck, parts.head)
    assert again.neck is parts.neck
    single = MODELS.build(dict(cfg, neck=PROMPT, head=None))
    assert single.neck.classes == tuple(NAMES)


def test_other_keys_of_clip_are_refused(tiny_clip):
    with pytest.raises(ValueError, match=r"clip has 'img_size', but only \('model'"):
        MODELS.build(model(dict(tiny_clip(), img_size=64)))


def test_a_head_that_reads_no_labels_needs_no_refined_ones(tiny_clip):
    head = dict(type='VisualClassifierHead', num_classes=2)
    qmvl = dict(type='QMVL')
    built = MODELS.build(model(tiny_clip(), head=head, interaction=qmvl))
    assert built.neck.interaction.linguistic is None
    built = MODELS.build(model(tiny_clip(), interaction=qmvl))
    assert built.neck.interaction.linguistic is not None
    said = dict(qmvl, refine='both')
    built = MODELS.build(model(tiny_clip(), head=head, interaction=said))
    assert built.neck.interaction.linguistic is not None
    # an interaction before another one gives it refined labels
    built = MODELS.build(model(tiny_clip(), head=head, first=qmvl, second=qmvl))
    assert built.neck.first.linguistic is not None
    assert built.neck.second.linguistic is None


@pytest.mark.parametrize('more', [{}, {'whole': dict(type='WholePicture')}])
def test_labels_that_no_patch_and_no_head_reads_are_refused(tiny_clip, more):
    head = dict(type='VisualClassifierHead', num_classes=2)
    names = ', '.join(['prompt', 'fusion', *more])
    message = rf'reads the patches alone .* \({names}\) .*neck=None'
    with pytest.raises(ValueError, match=message):
        MODELS.build(model(tiny_clip(), head=head, **more))
    if more:  # by itself it makes no labels
        neck = dict(type='NeckSequence', **more)
        MODELS.build(model(tiny_clip(), head=head) | dict(neck=neck))


@pytest.mark.parametrize('named', [True, False])
def test_logits_of_other_labels_are_refused_as_predictions_are(tiny_clip, named):
    said = dict(classes=NAMES) if named else dict(num_classes=2)
    head = dict(type='VisualClassifierHead', **said)
    built = MODELS.build(
        model(tiny_clip(), head=head, interaction=dict(type='QMVL'))
    ).eval()
    pictures = torch.rand(1, 3, 64, 64)
    assert built(pictures).shape == (1, 2)
    built.predict(pictures)  # a head without names takes those that it meets
    built.neck.set_classes(['cow', 'sea'])
    for use in (built, built.predict):
        with pytest.raises(ValueError, match=r"has learned a row .* gets 2 \('cow'"):
            use(pictures)


def test_a_head_with_labels_of_its_own_needs_no_neck(tiny_clip):
    head = dict(type='VisualClassifierHead', classes=NAMES)
    built = MODELS.build(
        dict(
            type='VLClassifier',
            backbone=dict(type='CLIPBackbone', **tiny_clip()),
            head=head,
        )
    )
    assert built(torch.randn(2, 3, 64, 64)).shape == (2, 2)
    assert built._dataset_meta['classes'] == tuple(NAMES)
    dense = dict(type='NeckSequence', dense=dict(type='DenseProjection', in_channels=8))
    cfg = dict(type='VLClassifier', backbone=torch.nn.Conv2d(3, 8, 4), neck=dense)
    built = MODELS.build(dict(cfg, head=dict(head, embed_dim=8)))
    assert built(torch.randn(1, 3, 8, 8)).shape == (1, 2)
    assert built._dataset_meta['classes'] == tuple(NAMES)


def test_a_classifier_without_names_anywhere_says_what_it_needs(tiny_clip):
    cfg = model(tiny_clip(), head=dict(type='VisualClassifierHead'))
    cfg['neck'] = dict(type='NeckSequence', whole=dict(type='WholePicture'))
    with pytest.raises(ValueError, match=r'classes=None and num_classes=None; give'):
        MODELS.build(ConfigDict(cfg))
