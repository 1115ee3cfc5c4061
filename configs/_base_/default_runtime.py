default_scope = 'mmpretrain'
custom_imports = dict(imports=['mvlr_mm'], allow_failed_imports=False)

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='CheckpointHook',
        interval=1,
        max_keep_ckpts=2,
        save_best='auto',  # the first number of the evaluator
        rule='greater',
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='VisualizationHook', enable=False),
    # here rather than in `custom_hooks`, so that a list in a leaf does not drop them;
    # None switches one off
    check_classes=dict(type='CheckClassNames'),
    check_metrics=dict(type='CheckMetricNames'),
    report_average=dict(type='ReportAverage'),
    check_weights=dict(type='CheckWeights'),
    text_tower=dict(type='LeaveOutTextTower'),
    resume_schedule=dict(type='ResumeSchedule'),
)

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)

visualizer = dict(
    type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend')]
)
log_level = 'INFO'

load_from = None
resume = False
randomness = dict(seed=None, deterministic=False)
