# C-Tran on ResNet-101 at 576 px: three layers over patches and labels together.
# Lanchantin et al., CVPR 2021: mAP 85.1 (theirs). Not yet trained here.
# Run: tools/dist_train.sh configs/ctran/ctran_rn101_coco.py 8
_base_ = '../_base_/rn101_coco.py'

img_size = 576
model = dict(head=dict(type='CTranHead', classes='coco'))
# the labels that are told are drawn: on each GPU others
randomness = dict(diff_rank_seed=True)
