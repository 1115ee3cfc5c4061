# Your own pictures. Below the data root:
#     classes.json               ["cat", "dog", ...]: the order is that of the indices
#     {train,val,test}.jsonl     {"image": "a.jpg", "labels": ["cat", 3]} a line
#     images/                    the pictures that the lists name
# For csv or text lists set `ann_file`, and `sep` where needed: see MultiLabelList.
#
# What a child config or `--cfg-options` changes everywhere by one line: `data_root`,
# `classes` (the names, or a file of them below the data root) and `img_size`.
_base_ = '../pipelines/squash_448px.py'

data_root = '{{$MVLR_DATA_ROOT:data/custom}}'
classes = {{'$MVLR_CLASSES:"classes.json"'}}
img_size = {{'$MVLR_IMG_SIZE:224'}}
_base_.train_pipeline[1].scale = (img_size, img_size)
_base_.test_pipeline[1].scale = (img_size, img_size)

train_dataloader = dict(
    batch_size=32,  # of all processes together
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='MultiLabelList',
        data_root=data_root,
        classes=classes,
        ann_file='train.jsonl',
        data_prefix='images',
        pipeline=_base_.train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MultiLabelList',
        data_root=data_root,
        classes=classes,
        ann_file='val.jsonl',
        data_prefix='images',
        pipeline=_base_.test_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=32,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MultiLabelList',
        data_root=data_root,
        classes=classes,
        ann_file='test.jsonl',
        data_prefix='images',
        pipeline=_base_.test_pipeline,
    ),
)

val_evaluator = dict(type='MultiLabelProtocol', protocol='mlgcn')
test_evaluator = val_evaluator
