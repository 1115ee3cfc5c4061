# MVLR with CLIP's ResNet-101 on COCO 2014 at 448 px.
# The paper: mAP 88.5. Not yet trained here: it needs GPUs.
# Run: tools/dist_train.sh configs/mvlr/mvlr_rn101_coco.py 8
#
# Faster, and in less memory: bfloat16 (--amp). On two cores of a CPU with AVX512, batch
# 4, pictures a second: 0.69, and 1.59 in bfloat16; with channels_last, which a
# convolutional tower takes by itself, 1.03 and 2.19. A batch of 32 that does not fit
# goes in parts: 8 x 4 takes 4.2 GB and gives 1.82 pictures a second, 4 x 8 6.4 GB and
# 2.07, 1 x 32 12.5 GB and 1.00, all in bfloat16. On an H200, batch 32 in bfloat16,
# 11.3 GB: 225, with channels_last 249, with AdamW fused, as it is by itself, 290.
# docs/benchmarks/speed_train.md and gpu.md have the commands, docs/guides/training.md
# the settings of a batch in parts.
_base_ = [
    '../_base_/models/mvlr_rn101.py',
    '../_base_/datasets/coco14_448px.py',
    '../_base_/schedules/adamw_30e.py',
    '../_base_/default_runtime.py',
]

model = dict(neck=dict(prompt=dict(classes='coco')))
