# MVLR on your own pictures: classes.json, {train,val,test}.jsonl and images/ under one
# folder (configs/_base_/datasets/custom_224px.py says more; csv lists work as well).
# Run: MVLR_DATA_ROOT=/path/to/folder python tools/train.py configs/mvlr/mvlr_custom.py
_base_ = [
    '../_base_/models/mvlr_rn101.py',
    '../_base_/datasets/custom_224px.py',
    '../_base_/schedules/adamw_30e.py',
    '../_base_/default_runtime.py',
]

model = dict(neck=dict(prompt=dict(classes=f'{_base_.data_root}/classes.json')))
