# The paper to the letter: attentions that replace the labels (Eq. 6, 7, 10), a dot
# product with the mean patch (Eq. 12), the loss averaged over labels (Eq. 13).
# docs/decisions/0003-from-the-letter-to-the-default.md says why it is not the default.
_base_ = './mvlr_rn101_coco.py'

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
