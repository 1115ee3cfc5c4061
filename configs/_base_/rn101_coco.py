# ImageNet's ResNet-101 on COCO 2014 at 448 px: the trunk that most systems were
# published with. A leaf gives `model.head`, with `classes='coco'`.
_base_ = [
    './datasets/coco14_448px.py',
    './schedules/adamw_30e.py',
    './default_runtime.py',
]

# for pixels in 0 to 255, RGB, as torchvision's weights were trained with
data_preprocessor = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
model = dict(
    type='VLClassifier',
    backbone=dict(
        type='DenseBackbone',
        trunk=dict(
            type='ResNet',
            depth=101,
            # downloaded by torch when training begins
            init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet101'),
        ),
        in_channels=2048,  # passed on as they are
    ),
)
