from benchmarks.accuracy.sameness import differences
from mmengine.config import Config


def make(**changes):
    base = dict(
        train_dataloader=dict(
            batch_size=32,
            dataset=dict(type='A', scale=(2, 2), pipeline=[dict(type='Flip')]),
        ),
        model=dict(backbone=dict(type='B', depth=50), head=dict(type='H')),
        train_cfg=dict(max_epochs=5),
    )
    return Config({**base, **changes})


def test_the_head_and_the_optimizer_may_differ():
    other = make(optim_wrapper=dict(optimizer=dict(lr=1)))
    other.model.head = dict(type='Other')
    assert differences(other, make()) == []


def test_what_differs_is_named_as_far_down_as_it_can_be():
    other = make()
    other.train_dataloader.batch_size = 16
    other.train_dataloader.dataset.pipeline = [dict(type='Crop')]
    other.model.backbone = dict(type='C')
    assert differences(other, make()) == [
        'train_dataloader.batch_size',
        'train_dataloader.dataset.pipeline',
        'model.backbone',
    ]


def test_a_part_that_one_lacks_is_named():
    assert differences(make(custom_hooks=[1]), make()) == ['custom_hooks']
    assert differences(make(), make(custom_hooks=[1])) == ['custom_hooks']


def test_a_tuple_is_as_a_list():
    other = make()
    other.train_dataloader.dataset.scale = [2, 2]
    assert differences(other, make()) == []
