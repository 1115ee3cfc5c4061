# PatchCT, as reconstructed, on the pictures, trunk and budget of
# mvlr_custom_small-clip.py.
# Run: as mvlr_custom_small-clip.py
_base_ = '../mvlr/mvlr_custom_small-clip.py'

model = dict(
    neck=dict(
        prompt=dict(template='A photo of a {}.', prompts='hard', context_init=None),
        fusion=None,
        interaction=None,
    ),
    head=dict(_delete_=True, type='PatchCTHead'),
)
