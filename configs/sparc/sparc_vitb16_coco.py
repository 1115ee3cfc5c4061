# SPARC on CLIP's ViT-B/16, without training.
# Miller et al., CVPR 2025: mAP about 68 (theirs, with a larger CLIP). Not yet run here.
# Run: python tools/train.py configs/sparc/sparc_vitb16_coco.py
_base_ = '../mvlr/mvlr_vitb16_coco.py'

model = dict(
    neck=None,
    head=dict(
        _delete_=True,
        type='SPARCHead',
        text_encoder=dict(type='CLIPTextEncoder'),
        classes='coco',
    ),
)
# nothing trains: the pictures are seen once, as in the test, without their labels
train_cfg = dict(_delete_=True, type='FitLoop', max_epochs=1)
train_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
custom_hooks = [dict(type='FreezeModules', names=['backbone'])]
