# PA-100K, 26 attributes of pedestrians: 80,000 pictures for training, 10,000 each for
# validation and test. Below data/pa100k: annotation.mat, and the pictures in data/.
#
# Sizes are width, height; another one is set in steps 1 and 2 of the training pipeline
# and step 1 of the others.
_base_ = '../pipelines/clip_pixels.py'

data_root = '{{$MVLR_PA100K_ROOT:data/pa100k}}'

# Usual for this data set: no cutout and no change of colours, which are attributes.
train_pipeline = [
    dict(type='LoadPicture'),
    dict(type='NativeResize', scale=(192, 256), interpolation='bicubic'),
    dict(type='RandomCrop', crop_size=(256, 192), padding=10),
    dict(type='ContiguousFlip', prob=0.5, direction='horizontal'),
    dict(type='PackPlanes'),
]
test_pipeline = [
    dict(type='LoadPicture'),
    dict(type='NativeResize', scale=(192, 256), interpolation='bicubic'),
    dict(type='PackPlanes'),
]

train_dataloader = dict(
    batch_size=32,  # of all processes together
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='PA100K',
        data_root=data_root,
        split='train',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='PA100K',
        data_root=data_root,
        split='val',
        pipeline=test_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=32,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='PA100K',
        data_root=data_root,
        split='test',
        pipeline=test_pipeline,
    ),
)

val_evaluator = dict(type='MultiLabelProtocol', protocol='pedestrian')
test_evaluator = val_evaluator
