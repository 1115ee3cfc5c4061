# MVLR with CLIP's ResNet-101 on NUS-WIDE at 448 px.
# The paper: mAP 67.3. Not yet trained here: it needs GPUs.
# Run: tools/dist_train.sh configs/mvlr/mvlr_rn101_nuswide.py 8
_base_ = [
    '../_base_/models/mvlr_rn101.py',
    '../_base_/datasets/nuswide_448px.py',
    '../_base_/schedules/adamw_30e.py',
    '../_base_/default_runtime.py',
]

model = dict(neck=dict(prompt=dict(classes='nuswide')))
