# mvlr_custom.py for a small CLIP with a timm trunk, on a machine without a GPU: the
# trunk's last stages train, and that takes minutes.
# Run: MVLR_DATA_ROOT=/path/to/pictures MVLR_CLIP=/path/to/clip \
#      python tools/train.py configs/mvlr/mvlr_custom_small-clip.py --amp
# where MVLR_CLIP.json is the open_clip config and MVLR_CLIP.safetensors the weights.
_base_ = './mvlr_custom.py'

clip_path = '{{$MVLR_CLIP:data/clip}}'

# what this kind of trunk was trained with
data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3)
model = dict(
    clip=dict(model=f'{clip_path}.json', pretrained=f'{clip_path}.safetensors'),
    # of MobileNetV2's 11: all but the last two blocks, conv_head and its norm
    backbone=dict(frozen_stages=7, channels_last=True),
    # half of mvlr_custom.py's start: better on val
    head=dict(scale=10.0, bias=-3.3),
)

# Some hundred steps rather than the paper's 77,000: larger ones (the trunk's a tenth of
# the others'), a shorter memory, and every other picture augmented. With less than some
# thousand pictures take more steps: train_cfg.max_epochs. The projection to the text's
# space stays as CLIP made it: free, it becomes a linear classifier by itself.
optim_wrapper = dict(
    optimizer=dict(lr=7e-4),
    paramwise_cfg=dict(custom_keys={'backbone.tower.trunk': dict(lr_mult=0.1)}),
)
train_cfg = dict(max_epochs=10)
custom_hooks = [
    dict(
        type='EMAHook', ema_type='TrainedWeightsEMA', momentum=0.01, update_buffers=True
    ),
    dict(type='FreezeModules', names=['backbone.tower.proj']),
]
default_hooks = dict(logger=dict(interval=20))
load, resize, flip, cutout, augment, pack = _base_.train_pipeline
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            load,
            resize,
            flip,
            dict(type='RandomApply', transforms=[cutout, augment], prob=0.5),
            pack,
        ]
    )
)
