# SSGRL on the pictures, trunk and budget of mvlr_custom_small-clip.py.
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
        type='SSGRLHead',
        classes=_base_.names,
        graph=f'{folder}/label_graph.npz',
        label_vectors=f'{folder}/label_vectors.npz',
        vectors_key='clip',
        loss=dict(type='LogitAsymmetricLoss', gamma_neg=0.0, reduction='mean'),
    ),
)
