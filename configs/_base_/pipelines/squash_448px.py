# Pictures squashed to a square. The paper names no augmentation; this is the line of
# ASL, Q2L and SALGL.
#
# Another size is one line of a child config, `img_size = 576`, or
# `--cfg-options img_size=576` (mvlr_mm/config/reading.py says how). mmengine's own
# `Config.fromfile` does not carry the line here: MVLR_IMG_SIZE=576 does.
_base_ = './clip_pixels.py'

img_size = {{'$MVLR_IMG_SIZE:448'}}
squash = dict(type='NativeResize', scale=(img_size, img_size), interpolation='bicubic')

train_pipeline = [
    dict(type='LoadPicture'),
    squash,
    dict(type='ContiguousFlip', prob=0.5, direction='horizontal'),
    dict(type='CutoutPatch', factor=0.5),
    dict(
        type='TableRandAugment',
        policies='timm_increasing',
        num_policies=2,
        magnitude_level=9,
        magnitude_std=0.5,
    ),
    dict(type='PackPlanes'),
]
test_pipeline = [dict(type='LoadPicture'), squash, dict(type='PackPlanes')]
