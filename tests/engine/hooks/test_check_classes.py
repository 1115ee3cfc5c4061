from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmpretrain.registry import HOOKS, MODELS
from torch import nn

from mvlr_mm.engine import CheckClassNames

NAMES = ('cat', 'dog', 'bird')


def model(classes=NAMES):
    net = nn.Module()
    net.neck = nn.Module()
    net.neck.prompt = nn.Linear(1, 1)
    if classes is not None:
        net.neck.prompt.classes = classes
    return net


def loader(classes):
    metainfo = {} if classes is None else dict(classes=classes)
    return SimpleNamespace(dataset=SimpleNamespace(metainfo=metainfo))


class Data(list):
    """Records as a data set."""

    metainfo: ClassVar = dict(classes=NAMES)

    def get_data_info(self, i):
        return self[i]


def runner(ours=NAMES, train=NAMES, val=NAMES, test=NAMES, cfg=None):
    return SimpleNamespace(
        cfg=Config(cfg),
        model=model(ours),
        train_dataloader=loader(train),
        val_dataloader=loader(val),
        test_dataloader=loader(test),
        val_loop=object(),
        logger=MMLogger.get_current_instance(),
    )


HOOK = HOOKS.build(dict(type='CheckClassNames'))
assert type(HOOK) is CheckClassNames


@pytest.mark.parametrize('event', ['before_train', 'before_val', 'before_test'])
def test_equal_names_pass_as_list_or_tuple(event):
    getattr(HOOK, event)(runner(ours=list(NAMES)))
    getattr(HOOK, event)(runner(ours=None, train=('x',), val=('x',), test=('x',)))


@pytest.mark.parametrize(
    ('event', 'split'),
    [
        ('before_train', 'train'),
        ('before_train', 'val'),
        ('before_val', 'val'),
        ('before_test', 'test'),
    ],
)
@pytest.mark.parametrize(
    ('theirs', 'message'),
    [
        (('cat', 'bird', 'dog'), r"index 1: 'dog' in the model, 'bird' in the {} data"),
        (NAMES[:2], r"\(3 names\).*\(2 names\).* 2: 'bird' in the model, nothing in"),
        ((*NAMES, 'fish'), r"index 3: nothing in the model, 'fish' in the {} data"),
    ],
)
def test_the_first_difference_is_named(event, split, theirs, message):
    with pytest.raises(ValueError, match=message.format(split)) as error:
        getattr(HOOK, event)(runner(**{split: theirs}))
    assert 'model.neck.prompt.classes' in str(error.value)
    assert 'Give both the same list, in the same order.' in str(error.value)


def test_training_without_validation_passes():
    fake = runner()
    fake.val_loop = fake.val_dataloader = None
    HOOK.before_train(fake)


def test_data_without_names_only_warn(monkeypatch):
    said = []
    fake = runner(test=None)
    monkeypatch.setattr(fake.logger, 'warning', said.append)
    HOOK.before_test(fake)
    assert len(said) == 1
    assert "no metainfo['classes']" in said[0]


@pytest.mark.parametrize('classes', [None, (), [], (0, 1)])
def test_a_model_without_names_passes_in_silence(monkeypatch, classes):
    for theirs in (None, (), NAMES):
        fake = runner(ours=classes, test=theirs)
        monkeypatch.setattr(fake.logger, 'warning', pytest.fail)
        HOOK.before_test(fake)


def test_a_wrapped_model_is_searched():
    fake = runner(train=('cat',))
    fake.model = nn.Sequential(fake.model)
    with pytest.raises(ValueError, match=r'model.0.neck.prompt.classes \(3 names\)'):
        HOOK.before_train(fake)


def test_a_model_without_names_has_those_of_its_checkpoint():
    stored = dict(meta=dict(dataset_meta=dict(classes=('cat', 'bird', 'dog'))))
    hook = CheckClassNames()
    hook.after_load_checkpoint(runner(ours=None), checkpoint=stored)
    message = (
        r"classes of the checkpoint \(3 names\).* 1: 'bird' in the checkpoint, 'dog' in"
    )
    with pytest.raises(ValueError, match=message):
        hook.before_test(runner(ours=None))
    # weights of a model with names are taken by name
    hook.before_test(runner())


@pytest.mark.parametrize('head', ['MultiLabelLinearClsHead', 'CSRAClsHead'])
@pytest.mark.parametrize(
    ('event', 'split'),
    [('before_train', 'train'), ('before_val', 'val'), ('before_test', 'test')],
)
def test_a_head_without_names_has_as_many_labels_as_the_data(head, event, split):
    for number in (2, 4):
        cfg = dict(model=dict(head=dict(type=head, num_classes=number)))
        message = rf'num_classes is {number}, but the {split} data .* has 3 labels'
        with pytest.raises(ValueError, match=message):
            getattr(HOOK, event)(runner(ours=None, cfg=cfg))
    cfg = dict(model=dict(head=dict(type=head, num_classes=3)))
    getattr(HOOK, event)(runner(ours=None, cfg=cfg))
    for model in (None, dict(head=None), dict(head=dict(type='Any'))):
        getattr(HOOK, event)(runner(ours=None, cfg=dict(model=model)))


@pytest.mark.parametrize(
    'stored',
    [
        {},
        dict(meta={}),
        dict(meta=dict(dataset_meta=None)),
        dict(meta=dict(dataset_meta=dict(classes=list(NAMES)))),
    ],
)
def test_other_checkpoints_pass(stored):
    hook = CheckClassNames()
    hook.after_load_checkpoint(runner(ours=None), checkpoint=stored)
    hook.before_test(runner(ours=None))


def test_a_module_may_check_the_labels_itself():
    fake = runner()
    met = []
    fake.model.neck.check_labels = met.append
    HOOK.before_test(fake)
    assert met == [NAMES]


@pytest.mark.parametrize(('state', 'warnings'), [(-1, 1), (0, 0)])
def test_a_loss_that_would_learn_from_unknown_labels_is_told(
    monkeypatch, state, warnings
):
    here, said = runner(), []
    here.model.head = MODELS.build(dict(type='SimilarityHead'))
    record = dict(gt_label=[0], gt_score=np.array([1, state, 0], np.int8))
    here.train_dataloader.dataset = Data([record])
    monkeypatch.setattr(here.logger, 'warning', said.append)
    HOOK.before_train(here)
    assert not said
    here.model.head.loss_module = nn.BCEWithLogitsLoss()
    HOOK.before_train(here)
    assert len(said) == warnings
    assert all('BCEWithLogitsLoss does not say that it leaves' in text for text in said)


@pytest.mark.parametrize(('state', 'refused'), [(-1, True), (0, False)])
def test_pictures_with_unknown_labels_are_not_blended(state, refused):
    here = runner()
    here.model.data_preprocessor = MODELS.build(
        dict(
            type='ClsDataPreprocessor',
            batch_augments=dict(augments=dict(type='Mixup', alpha=0.8)),
        )
    )
    record = dict(gt_label=[0], gt_score=np.array([1, state, 0], np.int8))
    here.train_dataloader.dataset = Data([record])
    if refused:
        with pytest.raises(ValueError, match='cannot be blended'):
            HOOK.before_train(here)
    else:
        HOOK.before_train(here)
