# VOC 2007, 20 labels: 5,011 pictures for training, 4,952 for test. Below
# data/VOCdevkit/VOC2007: Annotations/, ImageSets/Main/, JPEGImages/.
#
# Difficult labels as ML-GCN's line and the paper have them: positive in training, left
# out of AP, negative to precision, recall and F1. VOCMultiLabel lists the other ways.
_base_ = '../pipelines/squash_448px.py'

data_root = '{{$MVLR_VOC_ROOT:data/VOCdevkit/VOC2007}}'

train_dataloader = dict(
    batch_size=32,  # of all processes together
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='VOCMultiLabel',
        data_root=data_root,
        ann_file='ImageSets/Main/trainval.txt',
        difficult='positive',
        pipeline=_base_.train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VOCMultiLabel',
        data_root=data_root,
        ann_file='ImageSets/Main/test.txt',
        difficult='ignored',
        test_mode=True,
        pipeline=_base_.test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='MultiLabelProtocol', protocol='mlgcn', unknown='negative')
test_evaluator = val_evaluator
