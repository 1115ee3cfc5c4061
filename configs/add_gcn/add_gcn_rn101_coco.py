# ADD-GCN: a graph of labels that each picture makes anew.
# Ye et al., ECCV 2020: mAP 85.2 (theirs, 576 px). Not yet trained here.
# Run: tools/dist_train.sh configs/add_gcn/add_gcn_rn101_coco.py 8
_base_ = '../_base_/rn101_coco.py'

model = dict(
    head=dict(
        type='ADDGCNHead',
        classes='coco',
        loss=dict(type='LogitAsymmetricLoss', gamma_neg=0.0, reduction='mean'),
    ),
)
