# MVLR with a tiny CLIP on drawn scenes: the default job, minutes on two cores.
# Run: bash tools/quickstart.sh (it draws the scenes and trains the CLIP first)
_base_ = [
    '../_base_/models/mvlr_rn101.py',
    '../_base_/datasets/scenes.py',
    '../_base_/schedules/adamw_30e.py',
    '../_base_/default_runtime.py',
]

# tools/scenes/train_clip.py leaves both files in this folder
clip_dir = '{{$MVLR_TINY_CLIP:work_dirs/quickstart/clip}}'
clip = dict(
    model=f'{clip_dir}/tiny_clip.json', pretrained=f'{clip_dir}/tiny_clip.safetensors'
)

classes = [
    'sun', 'moon', 'star', 'cloud', 'bird', 'airplane', 'kite', 'mountain', 'sea',
    'boat', 'lighthouse', 'umbrella', 'person', 'house', 'tree', 'flower', 'car',
    'street lamp', 'bicycle', 'sheep',
]  # fmt: skip

model = dict(
    # a short pretraining leaves BatchNorm statistics that are not worth keeping
    backbone=dict(**clip, norm_eval=False, channels_last=True),
    neck=dict(
        prompt=dict(text_encoder=dict(**clip), classes=classes),
        fusion=dict(embed_dim=128),
        interaction=dict(embed_dim=128),
    ),
    # To the tiny CLIP all pictures and labels are alike: the mean cosine is above 0.4,
    # and with a bias of -4 the first steps would go into forgetting that. A thing fills
    # some of the 16 patches, so the best ones decide.
    head=dict(bias=-10.0, pooling=dict(temperature=1.0)),
)

# A tiny CLIP learns with larger steps than a large one, in fewer of them.
optim_wrapper = dict(optimizer=dict(lr=1.4e-3))
train_cfg = dict(max_epochs=3)
auto_scale_lr = dict(base_batch_size=16)
custom_hooks = [
    dict(
        type='EMAHook', ema_type='TrainedWeightsEMA', momentum=0.02, update_buffers=True
    )
]
default_hooks = dict(logger=dict(interval=25))
randomness = dict(seed=0)
