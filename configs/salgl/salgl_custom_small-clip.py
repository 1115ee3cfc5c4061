# SALGL on the pictures, trunk and budget of mvlr_custom_small-clip.py.
# Run: as mvlr_custom_small-clip.py
# Files: README.md of this folder says how to make them.
_base_ = '../mvlr/mvlr_custom_small-clip.py'

# below _base_, as in mvlr_custom.py
import os  # noqa: E402

folder = os.environ.get('MVLR_LABEL_FILES', _base_.data_root)
model = dict(
    neck=None,
    head=dict(
        _delete_=True,
        type='SALGLHead',
        classes=_base_.names,
        label_vectors=f'{folder}/label_vectors.npz',
        vectors_key='clip',
        loss=dict(
            type='LogitAsymmetricLoss',
            gamma_neg=2.0,
            reduction='mean',
            loss_weight=1000.0,
        ),
    ),
)
