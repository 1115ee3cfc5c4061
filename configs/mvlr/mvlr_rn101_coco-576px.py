# The same at 576 px. The paper: mAP 89.0. Not yet trained here.
_base_ = './mvlr_rn101_coco.py'

img_size = 576
