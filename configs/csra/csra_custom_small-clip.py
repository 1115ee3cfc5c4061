# CSRA with four heads on the pictures, trunk and budget of mvlr_custom_small-clip.py.
# Run: as mvlr_custom_small-clip.py
_base_ = '../mvlr/mvlr_custom_small-clip.py'

model = dict(
    neck=None,
    head=dict(
        _delete_=True,
        type='CSRAHead',
        classes=_base_.names,
        num_heads=4,
        lam=0.5,
        # behind CLIP's projection patches are centred, unlike behind a ReLU
        bias=True,
        # binary cross entropy, the mean over labels and pictures
        loss=dict(type='LogitAsymmetricLoss', gamma_neg=0.0, reduction='mean'),
    ),
)
