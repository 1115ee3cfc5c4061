import pytest
import torch
from mmpretrain.registry import MODELS

from mvlr_mm import VLFeatures
from mvlr_mm.engine.trial_load import try_load


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


@pytest.fixture
def sequence(tiny_clip):
    """A neck whose QMVL has learned something of its labels' order."""

    def build(*classes):
        encoder = dict(type='CLIPTextEncoder', **tiny_clip())
        neck = MODELS.build(
            dict(
                type='NeckSequence',
                prompt=dict(type='PDLR', text_encoder=encoder, classes=list(classes)),
                interaction=dict(type='QMVL', embed_dim=16, zero_init=False),
            )
        )
        return neck.eval()

    return build


def labels_by_name(neck):
    patches = torch.randn(2, 4, 16, generator=torch.Generator().manual_seed(0))
    out = neck(VLFeatures(patches, (2, 2)))
    rows = {name: out.labels[:, row] for row, name in enumerate(neck.classes)}
    return torch.stack([rows[name] for name in sorted(rows)]), out.visual


def test_a_sequence_of_labels_is_read_in_the_order_of_the_training(sequence):
    trained = sequence('cat', 'dog', 'sea')
    expected = labels_by_name(trained)
    state = trained.state_dict()
    other = sequence('sea', 'cat', 'dog')
    other.load_state_dict(state)
    assert other.classes == ('sea', 'cat', 'dog')
    torch.testing.assert_close(labels_by_name(other), expected)
    # it matters: the same weights on the sequence as it stands
    sequence_of, other.sequence_of = other.sequence_of, None
    assert not torch.allclose(labels_by_name(other)[0], expected[0], atol=1e-4)
    other.sequence_of = sequence_of
    # what is saved of it knows the order as well, whatever it is loaded into
    assert 'label_sequence' in other.state_dict()
    for names in (('sea', 'cat', 'dog'), ('dog', 'sea', 'cat'), ('cat', 'dog', 'sea')):
        third = sequence(*names)
        third.load_state_dict(other.state_dict())
        torch.testing.assert_close(labels_by_name(third), expected)
    assert third.sequence is None
    assert 'label_sequence' not in third.state_dict()
    assert 'label_sequence' not in state


def test_the_same_labels_set_in_another_order_keep_their_sequence(sequence):
    neck = sequence('cat', 'dog', 'sea')
    expected = labels_by_name(neck)
    for names in (['sea', 'cat', 'dog'], ['dog', 'sea', 'cat']):
        neck.set_classes(names)
        torch.testing.assert_close(labels_by_name(neck), expected)
    neck.set_classes(['dog', 'sun'])  # others are a sequence of their own
    assert neck.sequence is None
    fresh = sequence('dog', 'sun')
    fresh.load_state_dict(neck.state_dict())
    torch.testing.assert_close(labels_by_name(fresh), labels_by_name(neck))


def test_labels_set_behind_the_necks_back_are_read_as_they_stand(sequence):
    neck = sequence('cat', 'dog', 'sea')
    neck.set_classes(['sea', 'cat', 'dog'])
    neck.prompt.set_classes(['sun', 'cat', 'dog'])
    fresh = sequence('sun', 'cat', 'dog')
    fresh.prompt.context = neck.prompt.context
    fresh.interaction = neck.interaction
    torch.testing.assert_close(labels_by_name(neck), labels_by_name(fresh))
    assert 'label_sequence' not in neck.state_dict()


def test_the_sequence_changes_with_the_weights_that_read_it(sequence):
    neck = sequence('cat', 'dog', 'sea')
    state = sequence('sea', 'cat', 'dog').state_dict()
    neck.load_state_dict(state)
    rows = neck.sequence
    assert rows.tolist() == [2, 0, 1]
    # prompts alone, in whatever order, leave what QMVL has learned
    prompts = sequence('cat', 'dog', 'sea').prompt.state_dict(prefix='prompt.')
    neck.load_state_dict(prompts, strict=False)
    assert neck.sequence is rows
    # a file without names has rows in the order of the model
    plain = sequence('cat', 'dog', 'sea').state_dict()
    del plain['prompt.label_record']
    neck.load_state_dict(plain)
    assert neck.sequence is None


def test_a_trial_leaves_the_sequence(sequence):
    neck = sequence('cat', 'dog', 'sea')
    try_load(neck, sequence('sea', 'cat', 'dog').state_dict(), {})
    assert neck.sequence is None
    assert neck.sequence_of is None
