# mvlr_custom.py for a small CLIP with a timm trunk, on a machine without a GPU: the
# trunk is frozen, and training takes minutes.
# Run: MVLR_DATA_ROOT=/path/to/pictures MVLR_CLIP=/path/to/clip \
#      python tools/train.py configs/mvlr/mvlr_custom_small-clip.py --amp
# where MVLR_CLIP.json is the open_clip config and MVLR_CLIP.safetensors the weights.
_base_ = './mvlr_custom.py'

clip_path = '{{$MVLR_CLIP:data/clip}}'
clip = dict(model=f'{clip_path}.json', pretrained=f'{clip_path}.safetensors')
width = 256  # embed_dim in the json

# what this kind of trunk was trained with
data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3)
model = dict(
    backbone=dict(frozen_stages=-1, dropout=0.4, channels_last=True, **clip),
    neck=dict(
        prompt=dict(text_encoder=dict(**clip)),
        fusion=dict(embed_dim=width),
        interaction=dict(embed_dim=width),
    ),
)

# Some hundred steps rather than the paper's 77,000: larger ones, a shorter memory, and
# no augmentation but the flip; the dropout above stands in for it. With less than some
# thousand pictures take more steps: train_cfg.max_epochs, optim_wrapper.optimizer.lr.
optim_wrapper = dict(optimizer=dict(lr=5e-4))
train_cfg = dict(max_epochs=5)
custom_hooks = [dict(type='EMAHook', momentum=0.01, update_buffers=True)]
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
