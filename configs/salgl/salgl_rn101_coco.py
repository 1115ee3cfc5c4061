# SALGL: a label graph for each kind of scene, counted while training.
# Zhu et al., ICCV 2023: mAP 85.8 (theirs, 448 px). Not yet trained here.
# Run: tools/dist_train.sh configs/salgl/salgl_rn101_coco.py 8
# Files: README.md of this folder says how to make them.
_base_ = '../_base_/rn101_coco.py'

model = dict(
    head=dict(
        type='SALGLHead',
        classes='coco',
        label_vectors=f'{_base_.data_root}/label_vectors.npz',
        vectors_key='bert',
        loss=dict(
            type='LogitAsymmetricLoss',
            gamma_neg=2.0,
            reduction='mean',
            loss_weight=1000.0,
        ),
    ),
)
