# mvlr_custom_small-clip.py to the letter of the paper; see mvlr_rn101_coco_literal.py.
_base_ = './mvlr_custom_small-clip.py'

model = dict(
    neck=dict(
        prompt=dict(context_init=None),
        fusion=dict(residual=False),
        interaction=dict(zero_init=False),
    ),
    head=dict(
        _delete_=True,
        type='SimilarityHead',
        loss=dict(
            type='LogitAsymmetricLoss', gamma_pos=0.0, gamma_neg=2.0, reduction='mean'
        ),
        kcr=dict(type='KCRLoss', loss_weight=4.0),
    ),
)
