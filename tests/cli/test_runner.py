import re

import pytest
from mmengine.config import Config

from mvlr_mm.cli.runner import build_runner
from mvlr_stack.command import main


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


@pytest.mark.parametrize('seed', [-1, 2**32, 1.0, True, '0'])
def test_what_is_no_seed_is_named(config, seed):
    cfg = Config.fromfile(config)
    cfg.randomness = dict(seed=seed)
    text = (
        rf'randomness\.seed \({re.escape(repr(seed))}\) .* at most 4294967295, or None'
    )
    with pytest.raises(ValueError, match=text):
        build_runner(cfg)


def test_the_config_beside_the_checkpoints_is_that_of_their_training(config, capsys):
    """A model is used with it later, whatever was tested or tried in between."""
    folder = config.parent / 'run'
    words = [str(config), '--work-dir', str(folder)]
    main(['train', *words, '--no-validate'])
    trained = (folder / 'tiny.py').read_bytes()
    weights = str(folder / 'epoch_1.pth')
    batch = ['--cfg-options', 'test_dataloader.batch_size=3']
    main(['test', str(config), weights, *words[1:], '--tta', *batch])
    width = ['--cfg-options', 'model.head.num_classes=4']
    with pytest.raises(SystemExit, match='2'):
        main(['train', *words, '--resume', *width])
    assert 'does not fit the model' in capsys.readouterr().err
    assert (folder / 'tiny.py').read_bytes() == trained
    more = ['--cfg-options', 'train_cfg.max_epochs=2']
    main(['train', *words, '--no-validate', '--resume', *more])
    assert Config.fromfile(folder / 'tiny.py').train_cfg.max_epochs == 2
