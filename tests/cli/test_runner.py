from mmengine.config import Config

from mvlr_mm.cli.runner import build_runner


def test_none_switches_off_any_hook(config, tmp_path):
    cfg = Config.fromfile(config)
    cfg.work_dir = str(tmp_path / 'run')
    cfg.default_hooks.update(
        timer=None,
        visualization=None,
        check_classes=None,
        check_metrics=dict(type='CheckMetricNames'),
    )
    runner = build_runner(cfg)
    names = {type(hook).__name__ for hook in runner.hooks}
    assert {'CheckMetricNames', 'LoggerHook', 'CheckpointHook'} <= names
    assert not names & {'IterTimerHook', 'VisualizationHook', 'CheckClassNames'}
    # what the run leaves behind says so, too
    assert runner.cfg.default_hooks.check_classes is None


def test_a_runner_of_another_type_is_built(config, tmp_path):
    cfg = Config.fromfile(config)
    cfg.work_dir = str(tmp_path / 'run')
    cfg.runner_type = 'Runner'
    assert type(build_runner(cfg)).__name__ == 'Runner'
