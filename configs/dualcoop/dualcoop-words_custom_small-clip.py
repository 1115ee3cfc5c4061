# DualCoOp whose prompts start from words, as the published code can, not at random.
# Run: as mvlr_custom_small-clip.py
_base_ = 'dualcoop_custom_small-clip.py'

model = dict(
    neck=dict(
        prompt=dict(
            num_tokens=4,
            context_init='a photo of a',
            negative_init='a photo without a',
        )
    )
)
