# MMPretrain's parts alone, its CSRAClsHead with one head, on the pictures and budget of
# csra_rn101_coco.py.
# Run: tools/dist_train.sh configs/csra/csra-mmpretrain_rn101_coco.py 8
_base_ = '../_base_/rn101_coco.py'

model = dict(
    _delete_=True,
    type='ImageClassifier',
    backbone=dict(
        type='ResNet',
        depth=101,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet101'),
    ),
    head=dict(
        type='CSRAClsHead',
        num_classes=80,
        in_channels=2048,
        num_heads=1,
        lam=0.1,
        loss=dict(type='CrossEntropyLoss', use_sigmoid=True),
    ),
)
