# Scenes, drawn by `python tools/scenes/draw_scenes.py data/scenes`: 20 labels, 128 px.
_base_ = '../pipelines/clip_pixels.py'

data_root = '{{$MVLR_SCENES_ROOT:data/scenes}}'

train_pipeline = [
    dict(type='LoadPicture'),
    dict(type='ContiguousFlip', prob=0.5, direction='horizontal'),
    dict(type='PackPlanes'),
]
test_pipeline = [dict(type='LoadPicture'), dict(type='PackPlanes')]

train_dataloader = dict(
    batch_size=16,  # of all processes together
    num_workers=1,
    persistent_workers=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='COCOMultiLabel',
        data_root=data_root,
        ann_file='annotations/instances_train.json',
        data_prefix='train',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=100,
    num_workers=1,
    persistent_workers=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='COCOMultiLabel',
        data_root=data_root,
        ann_file='annotations/instances_val.json',
        data_prefix='val',
        pipeline=test_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=100,
    num_workers=1,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='COCOMultiLabel',
        data_root=data_root,
        ann_file='annotations/instances_test.json',
        data_prefix='test',
        pipeline=test_pipeline,
    ),
)

val_evaluator = dict(type='MultiLabelProtocol', protocol='mlgcn')
test_evaluator = val_evaluator
