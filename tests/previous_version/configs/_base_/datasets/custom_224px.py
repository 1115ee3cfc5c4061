# Your own pictures. Below the data root:
#     classes.json               ["cat", "dog", ...]: the order is that of the indices
#     {train,val,test}.jsonl     {"image": "a.jpg", "labels": ["cat", 3]} a line
#     images/                    the pictures that the lists name
# The data root is data/custom, or what the environment variable MVLR_DATA_ROOT says.
# For csv or text lists set `ann_file`, and `sep` where needed: see MultiLabelList.
#
# Another size: the squash resize is step 1 of every pipeline, so a leaf writes
#     _base_.train_dataloader.dataset.pipeline[1].scale = (448, 448)
#     _base_.val_dataloader.dataset.pipeline[1].scale = (448, 448)
#     _base_.test_dataloader.dataset.pipeline[1].scale = (448, 448)
data_root = '{{$MVLR_DATA_ROOT:data/custom}}'

data_preprocessor = dict(
    # CLIP's, for pixels in 0 to 255, RGB
    mean=[122.7709383, 116.7460125, 104.09373615],
    std=[68.5005327, 66.6321579, 70.32316305],
    to_rgb=True,
)

# The paper names no augmentation; this is the line of ASL, Q2L and SALGL.
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(224, 224), interpolation='bicubic', backend='pillow'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='CutoutPatch', factor=0.5),
    dict(
        type='RandAugment',
        policies='timm_increasing',
        num_policies=2,
        magnitude_level=9,
        magnitude_std=0.5,
    ),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(224, 224), interpolation='bicubic', backend='pillow'),
    dict(type='PackInputs'),
]

train_dataloader = dict(
    batch_size=32,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='MultiLabelList',
        data_root=data_root,
        classes='classes.json',
        ann_file='train.jsonl',
        data_prefix='images',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MultiLabelList',
        data_root=data_root,
        classes='classes.json',
        ann_file='val.jsonl',
        data_prefix='images',
        pipeline=test_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=32,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MultiLabelList',
        data_root=data_root,
        classes='classes.json',
        ann_file='test.jsonl',
        data_prefix='images',
        pipeline=test_pipeline,
    ),
)

val_evaluator = dict(type='MultiLabelProtocol', protocol='mlgcn')
test_evaluator = val_evaluator
