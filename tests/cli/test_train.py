import json
import re

import pytest
import torch
from mmengine.config import Config

from mvlr_mm.cli import half, train
from mvlr_mm.cli.config import agreeing
from mvlr_mm.engine import load_weights
from mvlr_stack.command import main, parse


def saved(work_dir, epoch):
    return load_weights(work_dir / f'epoch_{epoch}.pth')


def run(config, *words):
    work_dir = config.parent / 'run'
    main(['train', str(config), '--work-dir', str(work_dir), *words])
    return work_dir


def test_resume_equals_one_long_run(config):
    work_dir = run(config)
    run(config, '--resume', '--cfg-options', 'train_cfg.max_epochs=2')
    resumed = saved(work_dir, 2)
    (work_dir / 'last_checkpoint').unlink()
    run(config, '--overwrite', '--cfg-options', 'train_cfg.max_epochs=2')
    straight = saved(work_dir, 2)
    assert resumed['meta']['iter'] == 4
    for name, value in straight['state_dict'].items():
        torch.testing.assert_close(resumed['state_dict'][name], value)


def test_numbers_of_every_label_are_scalars_after_each_epoch(config):
    text = config.read_text().replace(
        "dict(type='MultiLabelMetric', thr=0.5)",
        "dict(type='MultiLabelProtocol', protocol='asl', classwise=True)",
    )
    # what TensorBoard's gets, this backend gets and writes
    backends = "vis_backends=[dict(type='LocalVisBackend')]"
    config.write_text(text.replace('vis_backends=[]', backends))
    # a name of its own: runs of one name and second share a visualizer
    options = 'train_cfg.max_epochs=2', 'experiment_name=scalars'
    work_dir = run(config, '--cfg-options', *options)
    (path,) = work_dir.glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    found = [line for line in lines if 'asl/mAP' in line]
    assert [line['step'] for line in found] == [1, 2]
    labels = {f'asl/{number}/{name}' for number in ('AP', 'F1') for name in 'abc'}
    assert all(labels < set(line) for line in found)


def test_resume_takes_a_path(config):
    """Of two checkpoints the older one: the newest would be taken without the path."""
    work_dir = run(config, '--cfg-options', 'train_cfg.max_epochs=2')
    path = work_dir / 'epoch_1.pth'
    before = saved(work_dir, 1)['state_dict']
    changed = load_weights(path)
    changed['state_dict'] = {k: v * 0 for k, v in before.items()}
    torch.save(changed, path)
    options = ['train_cfg.max_epochs=2', 'optim_wrapper.optimizer.lr=0']
    run(config, '--resume', str(path), '--cfg-options', *options)
    resumed = saved(work_dir, 2)
    assert resumed['meta']['iter'] == 4
    assert all(not value.any() for value in resumed['state_dict'].values())


def test_the_work_folder_holds_all_that_a_training_leaves(config, monkeypatch):
    monkeypatch.chdir(config.parent)
    work_dir = run(config, '--no-validate')
    found = {path.name for path in work_dir.iterdir()}
    assert {'epoch_1.pth', 'last_checkpoint', 'tiny.py'} <= found
    assert not (config.parent / 'work_dirs').exists()
    main(['train', str(config), '--no-validate'])
    assert (config.parent / 'work_dirs/tiny/epoch_1.pth').is_file()


@pytest.mark.skipif(torch.cuda.is_available(), reason='AmpOptimWrapper there')
def test_amp_computes_in_bfloat16_where_the_cpu_does(config, monkeypatch):
    from mmpretrain.models import LeNet5

    dtypes = []
    forward = LeNet5.forward

    def watched(self, x):
        out = forward(self, x)
        dtypes.append(out[0].dtype)
        return out

    monkeypatch.setattr(LeNet5, 'forward', watched)
    for works in (True, False):
        monkeypatch.setattr(half, 'has_bfloat16', lambda works=works: works)
        run(config, '--amp', '--no-validate', '--overwrite')
    assert dtypes == [torch.bfloat16] * 2 + [torch.float32] * 2


def test_amp_on_a_gpu_names_the_type_it_can(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    for works, dtype in ((True, 'bfloat16'), (False, 'float16')):
        monkeypatch.setattr(torch.cuda, 'is_bf16_supported', lambda works=works: works)
        cfg = Config({'optim_wrapper': {'optimizer': {'type': 'SGD'}}})
        train.use_amp(cfg)
        assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
        assert cfg.optim_wrapper.dtype == dtype
        assert cfg.optim_wrapper.loss_scale == 'dynamic'


def test_arguments_reach_the_config(config):
    words = '--no-validate --auto-scale-lr --no-pin-memory --no-persistent-workers'
    args = parse(['train', str(config), *words.split()])
    cfg = train.load_config(args)
    train.merge_args(cfg, args)
    assert cfg.val_cfg is None
    assert cfg.val_dataloader is None
    assert cfg.val_evaluator is None
    assert cfg.auto_scale_lr.enable
    assert not cfg.train_dataloader.pin_memory
    assert not cfg.train_dataloader.persistent_workers
    assert cfg.work_dir == './work_dirs/tiny'


@pytest.mark.parametrize(('workers', 'kept'), [(0, False), (1, True)])
def test_workers_stay_where_there_are_workers(config, workers, kept):
    option = f'train_dataloader.num_workers={workers}'
    args = parse(['train', str(config), '--cfg-options', option])
    cfg = train.load_config(args)
    train.merge_args(cfg, args)
    assert cfg.train_dataloader.persistent_workers is kept


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--resume', 'gone.pth'], r'error: --resume gone\.pth: no such file; give'),
        (['--cfg-options', 'val_dataloader.dataset.ann_file=gone.json'], r'gone\.json'),
    ],
)
def test_a_missing_file_is_said_before_training(config, capsys, words, message):
    with pytest.raises(SystemExit, match='2'):
        run(config, *words)
    out = capsys.readouterr()
    assert re.search(message, out.err)
    assert 'Traceback' not in out.err
    assert 'Epoch(train)' not in out.out


def test_a_missing_config_is_said(tmp_path, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['train', str(tmp_path / 'gone.py')])
    assert 'gone.py' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('override', 'message'),
    [
        (
            'model.backbone.num_clases=1',
            "LeNet5 has no argument 'num_clases'; nearest: num_classes",
        ),
        (
            'model.backbone.type=LeNet',
            "no model is called 'LeNet'; nearest: LeNet5, ",
        ),
        (
            'default_hooks.x={"type": "EmaHook"}',
            "no hook is called 'EmaHook'; nearest: EMAHook",
        ),
        ('train_cfg.max_epoch=3', "TrainLoop has no argument 'max_epoch'; nearest: m"),
        ('randomness.sed=3', "unexpected keyword argument 'sed'"),
        (
            'train_dataloader.batchsize=3',
            "DataLoader has no argument 'batchsize'; nearest: batch_size",
        ),
        ('train_dataloader.dataset.pipeline.0.colour=3', "no argument 'colour'"),
        ('optim_wrapper=None', 'tiny.py has no optim_wrapper, which `mvlr train` need'),
    ],
)
def test_a_mistake_in_the_config_is_said_in_one_line(config, capsys, override, message):
    with pytest.raises(SystemExit, match='2'):
        run(config, '--cfg-options', override)
    out, err = capsys.readouterr()
    assert message in err
    assert 'Traceback' not in err
    assert 'Epoch(train)' not in out


@pytest.mark.parametrize(
    ('override', 'message'),
    [
        ('train_cfg.max_epochs=0', r'train_cfg\.max_epochs \(0\) must be at least 1; '),
        ('train_cfg.val_interval=0', r'at least 1; --no-validate leaves validation ou'),
    ],
)
def test_a_training_without_a_step_writes_nothing(config, capsys, override, message):
    with pytest.raises(SystemExit, match='2'):
        run(config, '--cfg-options', override)
    assert re.search(message, capsys.readouterr().err)
    assert not (config.parent / 'run').exists()


def test_an_interval_that_is_not_read_may_be_anything(config):
    work_dir = run(config, '--no-validate', '--cfg-options', 'train_cfg.val_interval=0')
    assert (work_dir / 'epoch_1.pth').is_file()


def test_an_epoch_without_a_step_is_none(config, capsys):
    options = ['train_dataloader.drop_last=True', 'train_dataloader.batch_size=9']
    with pytest.raises(SystemExit, match='2'):
        run(config, '--cfg-options', *options)
    message = 'there are 8 pictures, and batches of 9 with drop_last=True; take a smal'
    assert message in capsys.readouterr().err
    assert not list((config.parent / 'run').glob('*.pth'))


def test_a_sampler_without_an_end_fills_any_batch(config):
    loop = "train_cfg={'_delete_': True, 'by_epoch': False, 'max_iters': 1}"
    options = ['train_dataloader.drop_last=True', 'train_dataloader.batch_size=9', loop]
    options += [
        "train_dataloader.sampler={'_delete_': True, 'type': 'InfiniteSampler'}"
    ]
    work_dir = run(config, '--no-validate', '--cfg-options', *options)
    assert (work_dir / 'last_checkpoint').is_file()


def test_an_error_of_the_model_at_work_keeps_its_traceback(config):
    with pytest.raises(RuntimeError):
        run(config, '--cfg-options', 'model.head.in_channels=7')


def test_checkpoints_of_another_training_stay(config, capsys):
    work_dir = run(config)
    before = {path: path.stat().st_mtime_ns for path in work_dir.glob('*.pth')}
    elsewhere = config.parent / 'weights.pth'
    elsewhere.write_bytes((work_dir / 'epoch_1.pth').read_bytes())
    for words in ([], ['--resume', str(elsewhere)]):
        with pytest.raises(SystemExit, match='2'):
            run(config, *words)
        assert 'holds the checkpoints of a training; go on' in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in work_dir.glob('*.pth')} == before
    run(config, '--overwrite', '--no-validate')
    assert before.keys() == set(work_dir.glob('*.pth'))
    assert (work_dir / 'epoch_1.pth').stat().st_mtime_ns not in before.values()


def test_nothing_of_a_training_that_is_replaced_is_used_after(config):
    text = config.read_text()
    config.write_text(text.replace("dict(type='MultiLabelMetric', thr=0.5)", PROTOCOL))
    hook = dict(type='CheckpointHook', interval=1, save_best='asl/mAP', rule='greater')
    options = ['--cfg-options', f'default_hooks.checkpoint={hook}']
    work_dir = run(config, *options, 'train_cfg.max_epochs=2')
    (work_dir / 'thresholds.json').write_text('{}')
    (work_dir / 'my_clip.pth').write_text('of no training')
    before = {path.name for path in work_dir.glob('*.*')}
    assert sum(name.startswith('best_') for name in before) == 1
    for kind, wrong in (  # refused, or ended by the model at work: nothing is lost
        (SystemExit, f'load_from={config}'),
        (RuntimeError, 'model.head.in_channels=7'),
    ):
        with pytest.raises(kind):
            run(config, '--overwrite', *options, wrong)
        assert {path.name for path in work_dir.glob('*.*')} == before
    assert 'in_channels=120' in (work_dir / 'tiny.py').read_text()
    run(config, '--overwrite', '--no-validate')
    assert not (work_dir / 'epoch_2.pth').exists()
    assert (work_dir / 'my_clip.pth').is_file()
    start = work_dir / 'epoch_1.pth'
    words = ['--overwrite', '--no-validate', '--cfg-options']
    run(config, *words, f'load_from={start}', 'train_cfg.max_epochs=2')
    assert start.is_file()
    assert not list(work_dir.glob('best_*'))
    assert not (work_dir / 'thresholds.json').exists()
    run(config, '--overwrite', '--resume', '--cfg-options', 'train_cfg.max_epochs=3')
    assert (work_dir / 'epoch_2.pth').is_file()


def test_files_that_the_config_of_the_new_training_names_stay(config):
    work_dir = run(config, '--cfg-options', 'train_cfg.max_epochs=2')
    best, other = work_dir / 'best_x_epoch_2.pth', work_dir / 'best_x_epoch_1.pth'
    other.write_bytes((work_dir / 'epoch_1.pth').read_bytes())
    (work_dir / 'epoch_2.pth').rename(best)
    weights = dict(type='Pretrained', checkpoint=str(best))
    words = ['--no-validate', '--cfg-options', f'model.init_cfg={weights}']
    run(config, '--overwrite', *words)
    assert best.is_file()
    assert not other.exists()


def test_a_config_that_somebody_wrote_is_not_replaced(config, capsys):
    config.write_text(f'# mine\n{config.read_text()}')
    before = config.read_text()
    words = ['--no-validate', '--work-dir', str(config.parent)]
    with pytest.raises(SystemExit, match='2'):
        main(['train', str(config), *words, '--overwrite'])
    assert 'holds tiny.py, which this training would' in capsys.readouterr().err
    assert config.read_text() == before
    work_dir = run(config, '--no-validate')  # what a training has written, it is
    more = ['--resume', '--cfg-options', 'train_cfg.max_epochs=2']
    main(['train', str(work_dir / 'tiny.py'), *words[:1], *more])
    assert Config.fromfile(work_dir / 'tiny.py').train_cfg.max_epochs == 2


def test_a_folder_that_was_moved_goes_on(config):
    work_dir = run(config, '--no-validate')
    work_dir.rename(config.parent / 'moved')
    moved = config.parent / 'moved'
    more = ['--no-validate', '--cfg-options', 'train_cfg.max_epochs=2']
    main(['train', str(config), '--work-dir', str(moved), '--resume', *more])
    assert saved(moved, 2)['meta']['iter'] == 4
    assert not work_dir.exists()


def test_the_words_that_began_a_run_go_on_with_it(config):
    """As a cluster gives them again to a run that it has stopped."""
    first = run(config, '--no-validate') / 'epoch_1.pth'
    start = first.rename(config.parent / 'weights.pth')
    (first.parent / 'last_checkpoint').unlink()
    words = ['--no-validate', '--resume', '--cfg-options', f'load_from={start}']
    work_dir = run(config, *words)
    before = (work_dir / 'epoch_1.pth').stat().st_mtime_ns
    run(config, *words, 'train_cfg.max_epochs=2')
    assert saved(work_dir, 2)['meta']['iter'] == 4
    assert (work_dir / 'epoch_1.pth').stat().st_mtime_ns == before


def test_checkpoints_in_a_folder_of_their_own_are_gone_on_from(config):
    hook = dict(type='CheckpointHook', interval=1, out_dir=str(config.parent / 'pth'))
    option = f'default_hooks.checkpoint={hook}'
    work_dir = run(config, '--no-validate', '--cfg-options', option)
    assert not list(work_dir.glob('*.pth'))
    first = config.parent / 'pth/run/epoch_1.pth'
    before = first.stat().st_mtime_ns
    more = ['--cfg-options', option, 'train_cfg.max_epochs=2']
    run(config, '--no-validate', '--resume', *more)
    assert saved(first.parent, 2)['meta']['iter'] == 4
    assert first.stat().st_mtime_ns == before


def test_the_draft_of_a_checkpoint_is_none(config):
    (config.parent / 'run').mkdir()
    (config.parent / 'run/.epoch_1.7.pth').write_bytes(b'half of one')
    cfg = Config(dict(work_dir=str(config.parent / 'run')))
    train.check_work_dir(cfg, overwrite=False)


PROTOCOL = "dict(type='MultiLabelProtocol', protocol='asl')"


def test_the_best_checkpoint_follows_the_evaluator(config):
    text = config.read_text()
    config.write_text(text.replace("dict(type='MultiLabelMetric', thr=0.5)", PROTOCOL))
    option = 'default_hooks.checkpoint.save_best'
    kind = 'default_hooks.checkpoint.type=CheckpointHook'
    rule = 'default_hooks.checkpoint.rule=greater'
    work_dir = run(config, '--cfg-options', kind, rule, f'{option}=auto')
    assert (work_dir / 'best_asl_mAP_epoch_1.pth').is_file()


def test_a_run_that_goes_on_elsewhere_leaves_the_best_of_the_first(config):
    text = config.read_text()
    config.write_text(text.replace("dict(type='MultiLabelMetric', thr=0.5)", PROTOCOL))
    hook = dict(type='CheckpointHook', interval=1, save_best='asl/mAP', rule='greater')
    options = [f'default_hooks.checkpoint={hook}', 'train_cfg.max_epochs=2']
    work_dir = run(config, '--cfg-options', *options)
    (best,) = work_dir.glob('best_*.pth')
    other, start = config.parent / 'other', str(work_dir / 'epoch_1.pth')
    words = ['--work-dir', str(other), '--resume', start, '--cfg-options', *options]
    main(['train', str(config), *words])
    assert best.is_file()
    assert (other / 'best_asl_mAP_epoch_2.pth').is_file()


def test_a_best_that_the_evaluator_does_not_give_stops_before_the_first_step(
    config, capsys
):
    text = config.read_text()
    config.write_text(text.replace("dict(type='MultiLabelMetric', thr=0.5)", PROTOCOL))
    kind = 'default_hooks.checkpoint.type=CheckpointHook'
    best = 'default_hooks.checkpoint.save_best=mlgcn/mAP'
    with pytest.raises(SystemExit, match='2'):
        run(config, '--cfg-options', kind, best)
    assert "names 'mlgcn/mAP'" in capsys.readouterr().err
    assert not list(config.parent.glob('run/*.pth'))


def test_resume_without_a_checkpoint_keeps_load_from(config):
    start = run(config) / 'epoch_1.pth'
    cfg = Config(dict(work_dir=str(config.parent / 'other'), load_from=str(start)))
    train.resume_from(cfg, 'auto')
    assert (cfg.resume, cfg.load_from) == (False, str(start))
    cfg.work_dir = str(start.parent)
    cfg.load_from = 'weights.pth'
    train.resume_from(cfg, 'auto')
    assert (cfg.resume, cfg.load_from) == (True, str(start))
    train.resume_from(cfg, 'other.pth')
    assert (cfg.resume, cfg.load_from) == (True, 'other.pth')


def test_hooks_that_a_config_switches_off_stay_off():
    cfg = Config(dict(default_hooks=dict(check_metrics=None)))
    train.add_hooks(cfg)
    assert cfg.default_hooks.check_metrics is None
    assert cfg.default_hooks.resume_schedule.type == 'mmpretrain.ResumeSchedule'
    cfg = Config({})
    train.add_hooks(cfg)
    assert set(cfg.default_hooks) == {
        'check_metrics',
        'report_average',
        'resume_schedule',
    }


def test_resume_ends_where_the_config_says(config):
    """The rates of a resumed run are those of a straight one."""
    more = dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)
    config.write_text(f'{config.read_text()}\nparam_scheduler = {more}\n')
    work_dir = run(config)
    twice = ('--cfg-options', 'train_cfg.max_epochs=2')
    run(config, '--resume', *twice)
    resumed = saved(work_dir, 2)
    run(config, '--overwrite', *twice)
    straight = saved(work_dir, 2)
    assert resumed['param_schedulers'] == straight['param_schedulers']
    rates = [s['optimizer']['param_groups'][0]['lr'] for s in (resumed, straight)]
    assert rates[0] == rates[1] < 0.01 / 4


@pytest.mark.parametrize(
    ('words', 'override'),
    [
        (['--work-dir', 'a'], 'work_dir=b'),
        (['--no-validate'], 'val_dataloader.batch_size=3'),
        (['--amp'], 'optim_wrapper.type=OptimWrapper'),
        (['--auto-scale-lr'], 'auto_scale_lr.enable=False'),
        (['--no-persistent-workers'], 'train_dataloader.persistent_workers=True'),
        (['--no-pin-memory'], 'train_dataloader.pin_memory=True'),
        (['--launcher', 'slurm'], 'launcher=mpi'),
        (['--amp'], "optim_wrapper={'type': 'OptimWrapper'}"),
    ],
)
def test_arguments_that_contradict_each_other(
    config, capsys, monkeypatch, words, override
):
    monkeypatch.setattr(half, 'has_bfloat16', lambda: True)
    with pytest.raises(SystemExit, match='2'):
        main(['train', str(config), *words, '--cfg-options', override])
    key = override.partition('=')[0]
    assert f'error: --cfg-options {key}' in capsys.readouterr().err


@pytest.mark.parametrize(
    'override',
    [
        "train_dataloader={'batch_size': 8}",
        "optim_wrapper={'optimizer': {'lr': 0.1}}",
        "train_dataloader.sampler={'_delete_': True, 'type': 'DefaultSampler'}",
        'custom_hooks=[]',
    ],
)
def test_a_dict_says_nothing_of_what_it_does_not_hold(config, override):
    """The loader and the optimizer get more settings by the arguments."""
    args = parse(['train', str(config), '--amp', '--cfg-options', override])
    cfg = train.load_config(args)
    with agreeing(cfg, args.cfg_options):
        train.merge_args(cfg, args)
    assert 'collate_fn' in cfg.train_dataloader


def test_the_work_folder_can_be_an_override(config):
    args = parse(
        ['train', str(config), '--cfg-options', 'work_dir=my runs', 'launcher=mpi']
    )
    cfg = train.load_config(args)
    assert (cfg.work_dir, cfg.launcher) == ('my runs', 'mpi')


@pytest.mark.parametrize(
    ('words', 'rate'),
    [
        (['--auto-scale-lr'], 0.02),
        ([], 0.01),
        (['--auto-scale-lr', 'optim_wrapper.accumulative_counts=2'], 0.04),
    ],
    ids=['scaled', 'as it is', 'in parts'],
)
def test_the_rate_follows_the_pictures_of_a_step(config, words, rate):
    flags = [word for word in words if word.startswith('--')]
    options = ['train_dataloader.batch_size=8', *words[len(flags) :]]
    work_dir = run(config, *flags, '--no-validate', '--cfg-options', *options)
    (group,) = saved(work_dir, 1)['optimizer']['param_groups']
    assert group['lr'] == pytest.approx(rate)
