# Query2Label on ResNet-101: one encoder layer, two decoder layers, 2048 wide.
# Liu et al. 2021: mAP 84.9 (theirs, 448 px). Not yet trained here.
# Run: tools/dist_train.sh configs/query2label/query2label_rn101_coco.py 8
_base_ = '../_base_/rn101_coco.py'

model = dict(
    backbone=dict(
        # theirs: all norms fixed, stem and first layer too
        trunk=dict(
            frozen_stages=1,
            norm_eval=True,
            norm_cfg=dict(type='BN', requires_grad=False),
        ),
    ),
    head=dict(
        type='Query2LabelHead',
        classes='coco',
        loss=dict(type='LogitAsymmetricLoss', gamma_pos=0.0, gamma_neg=2.0),
    ),
)
