# SSGRL: word vectors find their patches, a gated graph lets the labels interact.
# Chen et al., ICCV 2019: mAP 83.8 (theirs, 576 px). Not yet trained here.
# Run: tools/dist_train.sh configs/ssgrl/ssgrl_rn101_coco.py 8
# Files: README.md of this folder says how to make them.
_base_ = '../_base_/rn101_coco.py'

model = dict(
    # as published: all but the last stage stay as ImageNet made them
    backbone=dict(trunk=dict(frozen_stages=3)),
    head=dict(
        type='SSGRLHead',
        classes='coco',
        graph=f'{_base_.data_root}/label_graph.npz',
        label_vectors=f'{_base_.data_root}/label_vectors.npz',
        vectors_key='glove',
        loss=dict(type='LogitAsymmetricLoss', gamma_neg=0.0, reduction='mean'),
    ),
)
