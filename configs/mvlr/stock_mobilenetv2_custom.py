# mmpretrain's own parts on the same pictures and budget as mvlr_custom_small-clip.py:
# timm's MobileNetV2 (frozen), average pooling, a linear classifier, AsymmetricLoss.
# Run: MVLR_DATA_ROOT=/path/to/pictures MVLR_TRUNK=/path/to/mobilenetv2.safetensors \
#      MVLR_NUM_LABELS=18 python tools/train.py configs/mvlr/stock_mobilenetv2_custom.py
_base_ = [
    '../_base_/datasets/custom_224px.py',
    '../_base_/schedules/adamw_30e.py',
    '../_base_/default_runtime.py',
]

data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3)
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='TIMMBackbone',
        model_name='mobilenetv2_100',
        checkpoint_path='{{$MVLR_TRUNK:data/mobilenetv2.safetensors}}',
        num_classes=1001,
        pad_type='same',
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='MultiLabelLinearClsHead',
        num_classes=int('{{$MVLR_NUM_LABELS:18}}'),
        in_channels=1280,
        loss=dict(type='AsymmetricLoss', gamma_pos=0.0, gamma_neg=2.0, clip=0.0),
    ),
)
# as mvlr_custom_small-clip.py
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=5)
custom_hooks = [
    dict(type='EMAHook', momentum=0.01, update_buffers=True),
    dict(type='FreezeModules', names=['backbone']),
]
default_hooks = dict(logger=dict(interval=20), checkpoint=dict(max_keep_ckpts=1))
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(
                type='Resize',
                scale=(224, 224),
                interpolation='bicubic',
                backend='pillow',
            ),
            dict(type='RandomFlip', prob=0.5, direction='horizontal'),
            dict(type='PackInputs'),
        ]
    )
)
