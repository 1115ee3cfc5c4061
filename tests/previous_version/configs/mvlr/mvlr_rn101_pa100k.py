# MVLR with CLIP's ResNet-101 on the pedestrians of PA-100K, 256 px high, 192 px wide.
# The paper has no such result. Not yet trained here: it needs GPUs.
# Run: tools/dist_train.sh configs/mvlr/mvlr_rn101_pa100k.py 8
_base_ = [
    '../_base_/models/mvlr_rn101.py',
    '../_base_/datasets/pa100k_256x192.py',
    '../_base_/schedules/adamw_30e.py',
    '../_base_/default_runtime.py',
]

model = dict(neck=dict(prompt=dict(classes='pa100k')))
# the field's first number; the protocol is not the default runtime's
default_hooks = dict(checkpoint=dict(save_best='pedestrian/mA'))
