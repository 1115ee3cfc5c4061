# Query2Label on the pictures, trunk and budget of mvlr_custom_small-clip.py.
# Run: as mvlr_custom_small-clip.py
_base_ = '../mvlr/mvlr_custom_small-clip.py'

model = dict(
    neck=None,
    head=dict(
        _delete_=True,
        type='Query2LabelHead',
        classes=_base_.names,
        loss=dict(type='LogitAsymmetricLoss', gamma_pos=0.0, gamma_neg=2.0),
    ),
)
