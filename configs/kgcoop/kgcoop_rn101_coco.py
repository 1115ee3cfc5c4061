# KgCoOp on CLIP's ResNet-101, which stays as it is: four vectors train, and the head's
# scale and bias.
# Yao et al., CVPR 2023, for one label a picture; here for several.
# Run: tools/dist_train.sh configs/kgcoop/kgcoop_rn101_coco.py 8
_base_ = '../mvlr/mvlr_rn101_coco.py'

model = dict(
    neck=dict(
        prompt=dict(template='a photo of a {}.'),
        fusion=dict(_delete_=True, type='KgCoOp'),
        interaction=None,
    ),
    head=dict(kcr=dict(loss_weight=8.0)),
)
custom_hooks = [*_base_.custom_hooks, dict(type='FreezeModules', names=['backbone'])]
