# ML-Decoder whose queries are the texts of the labels, so that it takes labels that it
# was not trained on; the pictures, trunk and budget of mvlr_custom_small-clip.py.
# Run: as mvlr_custom_small-clip.py
_base_ = '../mvlr/mvlr_custom_small-clip.py'

model = dict(
    # the texts stay as the text tower gives them
    neck=dict(
        prompt=dict(prompts='hard', context_init=None), fusion=None, interaction=None
    ),
    head=dict(
        _delete_=True,
        type='MLDecoderTextHead',
        loss=dict(type='LogitAsymmetricLoss', gamma_pos=0.0, gamma_neg=4.0, clip=0.05),
    ),
)
