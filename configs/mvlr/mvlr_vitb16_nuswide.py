# The same with CLIP's ViT-B/16: image tower and text tower belong together.
# The paper: mAP 68.9. Not yet trained here.
_base_ = './mvlr_rn101_nuswide.py'

model = dict(clip=dict(model='ViT-B-16-quickgelu'))
