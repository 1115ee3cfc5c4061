# TagCLIP on the pictures and the trunk of mvlr_custom_small-clip.py, without training.
# Run: as mvlr_custom_small-clip.py; it takes seconds and leaves a checkpoint.
_base_ = '../mvlr/mvlr_custom_small-clip.py'

model = dict(
    neck=None,
    head=dict(
        _delete_=True,
        type='TagCLIPHead',
        text_encoder=dict(type='CLIPTextEncoder'),
        classes=_base_.names,
    ),
)
# nothing trains, and the head needs no picture: the run leaves a checkpoint at once
train_cfg = dict(_delete_=True, type='FitLoop', max_epochs=1)
train_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
custom_hooks = [dict(type='FreezeModules', names=['backbone'])]
