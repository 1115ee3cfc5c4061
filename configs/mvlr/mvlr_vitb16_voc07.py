# The same with CLIP's ViT-B/16: image tower and text tower belong together.
# The paper: mAP 97.3. Not yet trained here.
_base_ = './mvlr_rn101_voc07.py'

model = dict(clip=dict(model='ViT-B-16-quickgelu'))
