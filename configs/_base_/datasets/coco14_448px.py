# COCO 2014, 80 labels: 82,783 pictures for training, 40,504 for test, pictures without
# boxes kept. Below data/coco: annotations/, train2014/, val2014/.
_base_ = '../pipelines/squash_448px.py'

data_root = '{{$MVLR_COCO_ROOT:data/coco}}'

train_dataloader = dict(
    batch_size=32,  # of all processes together
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='COCOMultiLabel',
        data_root=data_root,
        ann_file='annotations/instances_train2014.json',
        data_prefix='train2014',
        pipeline=_base_.train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='COCOMultiLabel',
        data_root=data_root,
        ann_file='annotations/instances_val2014.json',
        data_prefix='val2014',
        pipeline=_base_.test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='MultiLabelProtocol', protocol='mlgcn')
test_evaluator = val_evaluator
