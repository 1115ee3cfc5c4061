import pytest
import torch
from mmpretrain.registry import MODELS

from mvlr_mm import VLFeatures


@pytest.fixture
def prompt(tiny_clip):
    encoder = dict(type='CLIPTextEncoder', **tiny_clip())
    return dict(type='PDLR', text_encoder=encoder, classes=['cat', 'dog'])


def test_stages_run_in_order_under_their_names(prompt):
    neck = MODELS.build(
        dict(
            type='NeckSequence',
            prompt=prompt,
            fusion=dict(type='IFM', embed_dim=16),
            interaction=None,
        )
    )
    assert neck.names == ('prompt', 'fusion')
    assert 'prompt.context' in dict(neck.named_parameters())
    feats = VLFeatures(torch.randn(3, 4, 16), (2, 2))
    expected = neck.fusion(neck.prompt(feats))
    torch.testing.assert_close(neck(feats).labels, expected.labels)


def test_classes_come_from_the_prompt_stage(prompt):
    neck = MODELS.build(dict(type='NeckSequence', prompt=prompt))
    assert neck.classes == ('cat', 'dog')
    neck.set_classes(['sea'])
    assert neck.classes == ('sea',)
    dense = dict(type='DenseProjection', in_channels=4, out_channels=4)
    bare = MODELS.build(dict(type='NeckSequence', dense=dense))
    assert bare.classes is None
    with pytest.raises(ValueError, match=r"\('dense',\) makes labels.*'PDLR'"):
        bare.set_classes(['sea'])


@pytest.mark.parametrize(
    'stage',
    ['IFM', 'QMVL', 'SelfAttentionInteraction', 'CrossAttentionInteraction'],
)
def test_config_without_prompt_does_not_build(prompt, stage):
    cfg = dict(type=stage, embed_dim=16)
    with pytest.raises(
        ValueError, match=rf"{stage} needs .*type='PDLR'.*bef.* {stage}"
    ):
        MODELS.build(dict(type='NeckSequence', stage=cfg))
    with pytest.raises(ValueError, match=rf'{stage} needs '):
        MODELS.build(dict(type='NeckSequence', stage=cfg, prompt=prompt))
    MODELS.build(dict(type='NeckSequence', prompt=prompt, stage=cfg))


def test_the_order_of_the_alphabet_is_put_right(prompt):
    """So mmengine writes a config into a work dir."""
    stages = dict(
        dense=dict(type='DenseProjection', in_channels=4, out_channels=16),
        prompt=prompt,
        fusion=dict(type='IFM', embed_dim=16),
        interaction=dict(type='QMVL', embed_dim=16),
    )
    written = dict(sorted(stages.items()))
    assert MODELS.build(dict(type='NeckSequence', **written)).names == tuple(stages)
    # what can work is meant
    other = {name: stages[name] for name in ('prompt', 'interaction', 'fusion')}
    assert MODELS.build(dict(type='NeckSequence', **other)).names == tuple(other)


def test_names_are_checked():
    with pytest.raises(ValueError, match=r'NeckSequence has no stage'):
        MODELS.build(dict(type='NeckSequence', prompt=None))
    with pytest.raises(ValueError, match=r"cannot be named 'forward'"):
        MODELS.build(dict(type='NeckSequence', forward=dict(type='IFM', embed_dim=4)))


@pytest.mark.parametrize(('name', 'near'), [('fusoin', 'fusion'), ('ifm', 'fusion')])
def test_a_stage_that_is_not_there_is_not_left_out(prompt, name, near):
    fusion = dict(type='IFM', embed_dim=16)
    cfg = dict(type='NeckSequence', prompt=prompt, fusion=fusion)
    with pytest.raises(ValueError, match=f"no stage '{name}' to leave out; .*'{near}'"):
        MODELS.build(dict(cfg, **{name: None}))
