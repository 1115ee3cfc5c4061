# ASL: a linear classifier on the mean of ResNet-101's map, with the asymmetric loss.
# Ridnik et al., ICCV 2021: mAP 85.0 (theirs, 448 px). Not yet trained here.
# Run: tools/dist_train.sh configs/asl/asl_rn101_coco.py 8
_base_ = '../_base_/rn101_coco.py'

model = dict(
    head=dict(
        type='VisualClassifierHead',
        classes='coco',
        loss=dict(type='LogitAsymmetricLoss', gamma_pos=0.0, gamma_neg=4.0, clip=0.05),
    ),
)
