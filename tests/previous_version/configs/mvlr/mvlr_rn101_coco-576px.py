# The same at 576 px. The paper: mAP 89.0. Not yet trained here.
_base_ = './mvlr_rn101_coco.py'

# step 1 of every pipeline is the squash resize
_base_.train_dataloader.dataset.pipeline[1].scale = (576, 576)
_base_.val_dataloader.dataset.pipeline[1].scale = (576, 576)
_base_.test_dataloader.dataset.pipeline[1].scale = (576, 576)
