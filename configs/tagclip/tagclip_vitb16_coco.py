# TagCLIP on CLIP's ViT-B/16, without training.
# Lin et al., AAAI 2024: mAP 68.7 (theirs; README.md says what differs). Not yet run
# here.
# Run: python tools/train.py configs/tagclip/tagclip_vitb16_coco.py
_base_ = '../mvlr/mvlr_vitb16_coco.py'

model = dict(
    neck=None,
    head=dict(
        _delete_=True,
        type='TagCLIPHead',
        text_encoder=dict(type='CLIPTextEncoder'),
        classes='coco',
    ),
)
# nothing trains, and the head needs no picture: the run leaves a checkpoint at once
train_cfg = dict(_delete_=True, type='FitLoop', max_epochs=1)
train_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
custom_hooks = [dict(type='FreezeModules', names=['backbone'])]
