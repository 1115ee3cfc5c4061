# DualCoOp with prompts for each label by itself (class-specific contexts): what its
# authors use where a part of the labels is known.
# Run: as mvlr_custom_small-clip.py
_base_ = 'dualcoop_custom_small-clip.py'

model = dict(neck=dict(prompt=dict(type='DualPromptsPerLabel')))
