# DualCoOp with prompts for each label by itself (class-specific contexts): what its
# authors use where a part of the labels is known:
# --cfg-options "train_dataloader.dataset.hide={'known': 0.5, 'seed': 0}"
# Run: tools/dist_train.sh configs/dualcoop/dualcoop-csc_rn101_coco.py 8
_base_ = 'dualcoop_rn101_coco.py'

model = dict(neck=dict(prompt=dict(type='DualPromptsPerLabel')))
