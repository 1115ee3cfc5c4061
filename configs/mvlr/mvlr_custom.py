# MVLR on your own pictures: classes.json, {train,val,test}.jsonl and images/ under one
# folder (configs/_base_/datasets/custom_224px.py says more; csv lists work as well).
# Run: python tools/train.py configs/mvlr/mvlr_custom.py --cfg-options data_root=FOLDER
_base_ = [
    '../_base_/models/mvlr_rn101.py',
    '../_base_/datasets/custom_224px.py',
    '../_base_/schedules/adamw_30e.py',
    '../_base_/default_runtime.py',
]

# below _base_, since mmengine 0.10.7 takes what begins with an import for a lazy config
import os.path as osp  # noqa: E402

names = _base_.classes
if isinstance(names, str) and '.' in names:  # a file, not a public set's name
    names = osp.join(_base_.data_root, names)
model = dict(neck=dict(prompt=dict(classes=names)))
