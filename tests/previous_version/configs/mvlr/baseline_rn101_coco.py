# Table 4's first row: label names only, no interaction. The paper: mAP 81.8.
_base_ = './mvlr_rn101_coco.py'

model = dict(
    neck=dict(
        prompt=dict(prompts='names', context_init=None), fusion=None, interaction=None
    ),
    head=dict(kcr=None),
)
