# The same with CLIP's ViT-B/16: image tower and text tower belong together.
# The paper: mAP 90.4. Not yet trained here.
_base_ = './mvlr_rn101_coco.py'

model = dict(clip=dict(model='ViT-B-16-quickgelu'))
