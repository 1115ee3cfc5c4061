# ML-Decoder on ResNet-101: a query for each of the 80 labels.
# Ridnik et al., WACV 2023: mAP 90.1 (theirs, with a TResNet-L). Not yet trained here.
# Run: tools/dist_train.sh configs/ml_decoder/ml_decoder_rn101_coco.py 8
_base_ = '../_base_/rn101_coco.py'

model = dict(
    head=dict(
        type='MLDecoderHead',
        classes='coco',
        loss=dict(type='LogitAsymmetricLoss', gamma_pos=0.0, gamma_neg=4.0, clip=0.05),
    ),
)
