# mvlr_custom_mobilenetv2.py with the trunk left as it is: the linear map to the labels'
# width trains with the rest, so that `mvlr features` keeps the trunk's own channels.
# Run: as mvlr_custom_mobilenetv2.py
_base_ = './mvlr_custom_mobilenetv2.py'

custom_hooks = [
    *_base_.custom_hooks,
    dict(type='FreezeModules', names=['backbone.trunk']),
]
optim_wrapper = dict(optimizer=dict(lr=1e-3))
