# CSRA with four heads on ResNet-101.
# Zhu and Wu, ICCV 2021: mAP 83.3 (theirs, 448 px). Not yet trained here.
# Run: tools/dist_train.sh configs/csra/csra_rn101_coco.py 8
_base_ = '../_base_/rn101_coco.py'

model = dict(
    head=dict(
        type='CSRAHead',
        classes='coco',
        num_heads=4,
        lam=0.5,
        # binary cross entropy, the mean over labels and pictures
        loss=dict(type='LogitAsymmetricLoss', gamma_neg=0.0, reduction='mean'),
    ),
)
