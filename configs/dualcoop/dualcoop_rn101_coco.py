# DualCoOp on CLIP's ResNet-101, which stays as it is: two prompts of 16 vectors train.
# Sun et al., NeurIPS 2022, published partial labels and unseen ones; see README.md.
# Run: tools/dist_train.sh configs/dualcoop/dualcoop_rn101_coco.py 8
_base_ = '../mvlr/mvlr_rn101_coco.py'

model = dict(
    neck=dict(
        prompt=dict(
            _delete_=True,
            type='DualPrompts',
            text_encoder=dict(type='CLIPTextEncoder'),
            classes='coco',
            num_tokens=16,
        ),
        fusion=None,
        interaction=None,
    ),
    head=dict(_delete_=True, type='DualCoOpHead'),
)
custom_hooks = [*_base_.custom_hooks, dict(type='FreezeModules', names=['backbone'])]
