# ADD-GCN on the pictures, trunk and budget of mvlr_custom_small-clip.py.
# Run: as mvlr_custom_small-clip.py
_base_ = '../mvlr/mvlr_custom_small-clip.py'

model = dict(
    neck=None,
    head=dict(
        _delete_=True,
        type='ADDGCNHead',
        classes=_base_.names,
        loss=dict(type='LogitAsymmetricLoss', gamma_neg=0.0, reduction='mean'),
    ),
)
