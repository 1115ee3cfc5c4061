# MVLR with CLIP's ResNet-101 on VOC 2007 at 448 px.
# The paper: mAP 95.7. Not yet trained here: it needs GPUs.
# Run: tools/dist_train.sh configs/mvlr/mvlr_rn101_voc07.py 8
_base_ = [
    '../_base_/models/mvlr_rn101.py',
    '../_base_/datasets/voc07_448px.py',
    '../_base_/schedules/adamw_30e.py',
    '../_base_/default_runtime.py',
]

model = dict(neck=dict(prompt=dict(classes='voc')))
