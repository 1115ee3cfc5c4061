# COCO 2014, 80 labels: 82,783 pictures for training, 40,504 for test, pictures without
# boxes kept. Below data/coco: annotations/, train2014/, val2014/.
#
# Another size: the squash resize is step 1 of every pipeline, so a leaf writes
#     _base_.train_dataloader.dataset.pipeline[1].scale = (576, 576)
#     _base_.val_dataloader.dataset.pipeline[1].scale = (576, 576)
#     _base_.test_dataloader.dataset.pipeline[1].scale = (576, 576)
data_preprocessor = dict(
    # CLIP's, for pixels in 0 to 255, RGB
    mean=[122.7709383, 116.7460125, 104.09373615],
    std=[68.5005327, 66.6321579, 70.32316305],
    to_rgb=True,
)

# The paper names no augmentation; this is the line of ASL, Q2L and SALGL.
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(448, 448), interpolation='bicubic', backend='pillow'),
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
    dict(type='Resize', scale=(448, 448), interpolation='bicubic', backend='pillow'),
    dict(type='PackInputs'),
]

train_dataloader = dict(
    batch_size=32,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='COCOMultiLabel',
        data_root='data/coco',
        ann_file='annotations/instances_train2014.json',
        data_prefix='train2014',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='COCOMultiLabel',
        data_root='data/coco',
        ann_file='annotations/instances_val2014.json',
        data_prefix='val2014',
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='MultiLabelProtocol', protocol='mlgcn')
test_evaluator = val_evaluator
