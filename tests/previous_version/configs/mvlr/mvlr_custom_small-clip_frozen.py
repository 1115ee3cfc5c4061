# mvlr_custom_small-clip.py with the image tower left as CLIP made it, trunk and
# projection: the soft prompt, IFM, QMVL and the head train alone.
# Run: as mvlr_custom_small-clip.py
_base_ = './mvlr_custom_small-clip.py'

custom_hooks = [
    *_base_.custom_hooks,
    dict(type='FreezeModules', names=['backbone']),
]
optim_wrapper = dict(optimizer=dict(lr=1e-3))
