# mvlr_custom_small-clip.py on a trunk that has seen no text: timm's MobileNetV2 with
# ImageNet's weights, all but the last blocks frozen, and a linear map to the width of
# the labels' texts, which learns.
# Run: MVLR_DATA_ROOT=/path/to/pictures MVLR_CLIP=/path/to/clip \
#      MVLR_TRUNK=/path/to/mobilenetv2.safetensors \
#      python tools/train.py configs/mvlr/mvlr_custom_mobilenetv2.py --amp
# Other systems on this trunk: tools/benchmark.py accuracy --trunk with this config.
_base_ = './mvlr_custom_small-clip.py'

data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3)
model = dict(
    backbone=dict(
        _delete_=True,
        type='DenseBackbone',
        trunk=dict(
            type='TIMMBackbone',
            model_name='mobilenetv2_100',
            checkpoint_path='{{$MVLR_TRUNK:data/mobilenetv2.safetensors}}',
            num_classes=1001,
            pad_type='same',
        ),
        in_channels=1280,
        embed_dim=256,
    )
)
# The norms stay on their stored statistics: a batch's own would undo weights whose
# norms were folded.
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
        type='FreezeModules',
        names=[f'backbone.trunk.timm_model.{name}' for name in frozen],
    ),
]
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={'backbone.trunk': dict(lr_mult=0.3)}),
)
