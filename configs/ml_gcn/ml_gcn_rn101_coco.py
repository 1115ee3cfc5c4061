# ML-GCN: classifiers that a graph convolution makes of the labels' word vectors.
# Chen et al., CVPR 2019: mAP 83.0 (theirs, 448 px). Not yet trained here.
# Run: tools/dist_train.sh configs/ml_gcn/ml_gcn_rn101_coco.py 8
# Files: README.md of this folder says how to make them.
_base_ = '../_base_/rn101_coco.py'

model = dict(
    head=dict(
        type='MLGCNHead',
        classes='coco',
        graph=f'{_base_.data_root}/label_graph.npz',
        label_vectors=f'{_base_.data_root}/label_vectors.npz',
        vectors_key='glove',
        loss=dict(type='LogitAsymmetricLoss', gamma_neg=0.0, reduction='mean'),
    ),
)
