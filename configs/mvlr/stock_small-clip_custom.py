# mmpretrain's own head and loss on the trunk of mvlr_custom_small-clip.py, or on the
# one that a comparison gives to all: the mean patch, a linear classifier,
# AsymmetricLoss.
# Run: as mvlr_custom_small-clip.py, with MVLR_NUM_LABELS=18
_base_ = './mvlr_custom_small-clip.py'

model = dict(
    neck=dict(_delete_=True, type='PatchMean'),
    head=dict(
        _delete_=True,
        type='MultiLabelLinearClsHead',
        num_classes=int('{{$MVLR_NUM_LABELS:18}}'),
        loss=dict(type='AsymmetricLoss', gamma_pos=0.0, gamma_neg=2.0, clip=0.0),
    ),
)
