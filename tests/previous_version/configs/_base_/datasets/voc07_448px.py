# VOC 2007, 20 labels: 5,011 pictures for training, 4,952 for test. Below
# data/VOCdevkit/VOC2007: Annotations/, ImageSets/Main/, JPEGImages/.
#
# Difficult labels as ML-GCN's line and the paper have them: positive in training, left
# out of AP, negative to precision, recall and F1. VOCMultiLabel lists the other ways.
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
        type='VOCMultiLabel',
        data_root='data/VOCdevkit/VOC2007',
        ann_file='ImageSets/Main/trainval.txt',
        difficult='positive',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VOCMultiLabel',
        data_root='data/VOCdevkit/VOC2007',
        ann_file='ImageSets/Main/test.txt',
        difficult='ignored',
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='MultiLabelProtocol', protocol='mlgcn', unknown='negative')
test_evaluator = val_evaluator
