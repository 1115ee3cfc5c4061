# NUS-WIDE, 81 labels, the official lists, pictures without labels dropped: 125,449 for
# training, 83,898 for test. Below data/nuswide: ImageList/, Groundtruth/, Flickr/.
_base_ = '../pipelines/squash_448px.py'

data_root = '{{$MVLR_NUSWIDE_ROOT:data/nuswide}}'

train_dataloader = dict(
    batch_size=32,  # of all processes together
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='NUSWIDE',
        data_root=data_root,
        split='train',
        pipeline=_base_.train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='NUSWIDE',
        data_root=data_root,
        split='test',
        pipeline=_base_.test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='MultiLabelProtocol', protocol='mlgcn')
test_evaluator = val_evaluator
