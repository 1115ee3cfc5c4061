# mmpretrain's own parts on the pictures and budget of mvlr_custom_small-clip.py: timm's
# MobileNetV2 (all but the last blocks frozen), average pooling, a linear classifier,
# AsymmetricLoss.
# Run: MVLR_DATA_ROOT=/path/to/pictures MVLR_TRUNK=/path/to/mobilenetv2.safetensors \
#      MVLR_NUM_LABELS=18 python tools/train.py configs/mvlr/stock_mobilenetv2_custom.py
_base_ = './mvlr_custom_small-clip.py'

model = dict(
    _delete_=True,
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
# The norms stay on their stored statistics, as CLIPBackbone keeps them: a batch's own
# would undo weights whose norms were folded.
trained_blocks = ('5.0', '5.1', '5.2', '6.0')
frozen = [
    *('conv_stem', 'bn1', 'bn2'),
    *(f'blocks.{i}' for i in range(5)),
    *(f'blocks.{block}.bn{i}' for block in trained_blocks for i in (1, 2, 3)),
]
custom_hooks = [
    dict(
        type='EMAHook', ema_type='TrainedWeightsEMA', momentum=0.01, update_buffers=True
    ),
    dict(
        type='FreezeModules', names=[f'backbone.timm_model.{name}' for name in frozen]
    ),
]
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={'backbone.timm_model': dict(lr_mult=0.1)}),
)
