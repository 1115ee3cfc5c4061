# PatchCT: patches and labels as sets that transport one another; a reconstruction.
# Li et al., ICCV 2023: mAP 88.3 (theirs, 448 px). Not yet trained here.
# Run: tools/dist_train.sh configs/patchct/patchct_vitb16_coco.py 8
_base_ = '../mvlr/mvlr_vitb16_coco.py'

model = dict(
    neck=dict(
        prompt=dict(template='A photo of a {}.', prompts='hard', context_init=None),
        fusion=None,
        interaction=None,
    ),
    head=dict(_delete_=True, type='PatchCTHead'),
)
