# KgCoOp on the pictures, trunk and budget of mvlr_custom_small-clip.py: unlike in
# theirs, the trunk's last stages train with the prompt.
# Run: as mvlr_custom_small-clip.py
_base_ = '../mvlr/mvlr_custom_small-clip.py'

model = dict(
    neck=dict(
        prompt=dict(template='a photo of a {}.'),
        fusion=dict(_delete_=True, type='KgCoOp'),
        interaction=None,
    ),
    head=dict(kcr=dict(loss_weight=8.0), scale=20.0, bias=-4.0),
)
