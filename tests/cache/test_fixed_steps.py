import pytest

from mvlr_mm.cache.fixed_steps import fixed_steps

LOAD, SQUASH = dict(type='LoadPicture'), dict(type='NativeResize', scale=(8, 8))
FLIP, PACK = dict(type='RandomFlip', prob=0.5), dict(type='PackInputs')
EDGE = dict(type='ResizeEdge', scale=10, edge='short')
CROP = dict(type='CenterCrop', crop_size=8)
READ = dict(type='LoadImageFromFile')


@pytest.mark.parametrize(
    ('pipeline', 'count'),
    [
        ([LOAD, SQUASH, FLIP, PACK], 2),
        ([LOAD, SQUASH, PACK], 2),
        ([READ, EDGE, CROP, PACK], 3),
        ([READ, dict(type='mmcv.Resize', scale=(8, 8))], 2),
        ([dict(LOAD, type='LoadImageReduced', scale=(8, 8)), SQUASH, CROP, FLIP], 3),
    ],
)
def test_what_comes_before_a_step_that_draws_is_kept(pipeline, count):
    assert fixed_steps(pipeline, 'train') == pipeline[:count]


@pytest.mark.parametrize(
    ('pipeline', 'step'),
    [
        (
            [LOAD, dict(type='RandomResizedCrop', scale=8), PACK],
            'step 1, RandomResized',
        ),
        ([LOAD, CROP, PACK], 'step 2, PackInputs'),
        ([SQUASH, PACK], 'step 1, PackInputs'),
        ([LOAD], 'its end'),
        ([], 'its end'),
    ],
)
def test_a_pipeline_without_such_steps_is_refused(pipeline, step):
    with pytest.raises(ValueError, match=f'train_dataloader: nothing.*{step}.*Resize'):
        fixed_steps(pipeline, 'train')
