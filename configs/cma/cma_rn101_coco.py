# CMA: attention by the likeness of patches and labels; a reconstruction.
# You et al., AAAI 2020: mAP 83.4 (theirs, 448 px). Not yet trained here.
# Run: tools/dist_train.sh configs/cma/cma_rn101_coco.py 8
# Files: README.md of this folder says how to make them.
_base_ = '../_base_/rn101_coco.py'

model = dict(
    head=dict(
        type='CMAHead',
        classes='coco',
        graph=f'{_base_.data_root}/label_graph.npz',
        label_vectors=f'{_base_.data_root}/label_vectors.npz',
        vectors_key='glove',
        loss=dict(type='LogitAsymmetricLoss', gamma_neg=0.0, reduction='mean'),
    ),
)
