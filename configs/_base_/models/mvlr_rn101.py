# MVLR on CLIP's ResNet-101. A leaf gives `model.neck.prompt.classes`.
model = dict(
    type='VLClassifier',
    # of both towers; all widths follow the image tower
    clip=dict(model='RN101-quickgelu', pretrained='openai'),
    backbone=dict(type='CLIPBackbone'),
    neck=dict(
        type='NeckSequence',
        prompt=dict(
            type='PDLR',
            text_encoder=dict(type='CLIPTextEncoder'),
            template='This photo contains {}.',
            num_tokens=4,
            context_init='a photo of a',
        ),
        fusion=dict(type='IFM'),
        interaction=dict(type='QMVL'),
    ),
    head=dict(
        type='SimilarityHead',
        loss=dict(type='LogitAsymmetricLoss', gamma_pos=0.0, gamma_neg=2.0),
        kcr=dict(type='KCRLoss', loss_weight=4.0),
        scale=20.0,
        bias=-4.0,
        pooling=dict(type='SoftmaxPatchPooling', temperature=5.0),
    ),
)
