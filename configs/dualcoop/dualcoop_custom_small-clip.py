# DualCoOp on the pictures, trunk and budget of mvlr_custom_small-clip.py: unlike in
# theirs, the trunk's last stages train with the prompts.
# Run: as mvlr_custom_small-clip.py
_base_ = '../mvlr/mvlr_custom_small-clip.py'

model = dict(
    neck=dict(
        prompt=dict(
            _delete_=True,
            type='DualPrompts',
            text_encoder=dict(type='CLIPTextEncoder'),
            classes=_base_.names,
            num_tokens=16,
        ),
        fusion=None,
        interaction=None,
    ),
    head=dict(_delete_=True, type='DualCoOpHead'),
)
