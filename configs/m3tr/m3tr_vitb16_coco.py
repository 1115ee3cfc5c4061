# M3TR: patches, class maps and words in one transformer; a reconstruction.
# Zhao et al., MM 2021: mAP 87.5 (theirs, 448 px). Not yet trained here.
# Run: tools/dist_train.sh configs/m3tr/m3tr_vitb16_coco.py 8
# Files: README.md of this folder says how to make them.
_base_ = '../mvlr/mvlr_vitb16_coco.py'

model = dict(
    neck=None,
    head=dict(
        _delete_=True,
        type='M3TRHead',
        classes='coco',
        label_vectors=f'{_base_.data_root}/label_vectors.npz',
        vectors_key='bert',
        map_side=28,
        loss=dict(type='LogitAsymmetricLoss', gamma_neg=0.0, reduction='mean'),
    ),
)
