# mvlr_custom.py for a small CLIP with a timm trunk, on a machine without a GPU: the
# trunk is frozen, and training takes minutes.
# Run: MVLR_DATA_ROOT=/path/to/pictures MVLR_CLIP=/path/to/clip \
#      python tools/train.py configs/mvlr/mvlr_custom_small-clip.py --amp
# where MVLR_CLIP.json is the open_clip config and MVLR_CLIP.safetensors the weights.
_base_ = './mvlr_custom.py'

clip_path = '{{$MVLR_CLIP:data/clip}}'
clip = dict(model=f'{clip_path}.json', pretrained=f'{clip_path}.safetensors')
width = 256  # embed_dim in the json

# what this kind of trunk was trained with
data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3)
model = dict(
    backbone=dict(frozen_stages=-1, channels_last=True, **clip),
    neck=dict(
        prompt=dict(text_encoder=dict(**clip)),
        fusion=dict(embed_dim=width),
        interaction=dict(embed_dim=width),
    ),
)
