# The small CLIP as it is, which trains nothing: the mean patch is compared with "a
# photo of a cat."
# Run: as mvlr_custom_small-clip.py; it takes seconds and leaves a checkpoint.
_base_ = './mvlr_custom_small-clip.py'

model = dict(
    neck=dict(
        prompt=dict(template='a photo of a {}.', prompts='hard', context_init=None),
        fusion=None,
        interaction=dict(_delete_=True, type='WholePicture'),
    ),
    head=dict(
        _delete_=True,
        type='SimilarityHead',
        # OpenAI's 100 would round most scores to 1, and equal scores have no order
        scale=10.0,
        bias=-5.0,
    ),
)
# nothing trains, and no picture is needed for it
train_cfg = dict(_delete_=True, type='FitLoop', max_epochs=1)
train_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
custom_hooks = [dict(type='FreezeModules', names=['backbone'])]
