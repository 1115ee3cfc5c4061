# Table 4's first row on scenes: label names only, no interaction; the same budget.
_base_ = './mvlr_tiny_scenes.py'

model = dict(
    neck=dict(
        prompt=dict(prompts='names', context_init=None), fusion=None, interaction=None
    ),
    head=dict(kcr=None),
)
