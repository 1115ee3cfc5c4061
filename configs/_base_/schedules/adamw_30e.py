# 30 epochs of AdamW, cosine and EMA, as the paper says. The weight decay is ours.
optim_wrapper = dict(
    # a key with a rate alone leaves the decay to the other rules
    constructor='SeparateRatesConstructor',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-2),
    # Frozen parameters are left out by mmengine whenever there is a `paramwise_cfg`.
    paramwise_cfg=dict(
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
        # whatever else has one dimension: D of the Mamba block, class embeddings
        flat_decay_mult=0.0,
        custom_keys={
            'prompt.context': dict(decay_mult=0.0),
            'prompt.negative_context': dict(decay_mult=0.0),
            'A_log': dict(decay_mult=0.0),
            # single numbers, which have no dimension
            '.alpha': dict(decay_mult=0.0),
            'log_scale': dict(decay_mult=0.0),
        },
    ),
)

# every iteration; it ends where `max_epochs` does
param_scheduler = dict(
    type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True
)

train_cfg = dict(by_epoch=True, max_epochs=30, val_interval=1)
val_cfg = dict()
test_cfg = dict()

custom_hooks = [
    # momentum is 1 - decay. BatchNorm's statistics are averaged with the weights, as
    # ASL and Q2L do; else averaged weights would meet the statistics of the last ones.
    # TrainedWeightsEMA leaves out what is frozen, such as the text tower, and warms up:
    # a short run would average mostly its start. With `accumulative_counts=k` in the
    # optim_wrapper add `interval=k` here.
    dict(
        type='EMAHook', ema_type='TrainedWeightsEMA', momentum=3e-4, update_buffers=True
    ),
]

# The batch that the rate is for: `--auto-scale-lr` multiplies it for another one.
auto_scale_lr = dict(base_batch_size=32)
