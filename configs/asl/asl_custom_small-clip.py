# The linear classifier with the asymmetric loss on the pictures, trunk and budget of
# mvlr_custom_small-clip.py.
# Run: as mvlr_custom_small-clip.py
_base_ = '../mvlr/mvlr_custom_small-clip.py'

model = dict(
    neck=None,
    head=dict(
        _delete_=True,
        type='VisualClassifierHead',
        classes=_base_.names,
        loss=dict(type='LogitAsymmetricLoss', gamma_pos=0.0, gamma_neg=4.0, clip=0.05),
    ),
)
