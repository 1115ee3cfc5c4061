import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.text import Text
from mmengine.config import Config
from mmengine.fileio import load
from mmpretrain.registry import MODELS

from mvlr_mm.cli import half
from mvlr_mm.cli.config import load_config
from mvlr_mm.cli.test import use_amp, use_tta
from mvlr_mm.evaluation import evaluate, read_results
from mvlr_mm.evaluation.protocols import PROTOCOLS, protocol_of
from mvlr_mm.labels.thresholds import write_thresholds
from mvlr_stack.command import main, parse


@pytest.fixture
def checkpoint(config):
    """Return the path of random weights for the config's model."""
    args = parse(['test', str(config), 'unused'])
    model = MODELS.build(load_config(args).model)
    path = config.parent / 'weights.pth'
    torch.save({'state_dict': model.state_dict()}, path)
    return path


def run(config, checkpoint, *words):
    work_dir = config.parent / 'run'
    main(['test', str(config), str(checkpoint), '--work-dir', str(work_dir), *words])


def test_out_holds_predictions_by_default(config, checkpoint):
    out = config.parent / 'out.pkl'
    run(config, checkpoint, '--out', str(out))
    scores = [sample['pred_score'] for sample in load(str(out))]
    assert torch.stack(scores).shape == (8, 3)


def test_out_holds_results_to_evaluate_again(config, checkpoint):
    protocol = "dict(type='MultiLabelProtocol', protocol='asl', classwise=True)"
    text = config.read_text().replace(
        "dict(type='MultiLabelMetric', thr=0.5)", protocol
    )
    config.write_text(text)
    folder = config.parent
    run(config, checkpoint, '--out', str(folder / 'out.pkl'))
    run(config, checkpoint, '--out', str(folder / 'out.npz'))
    found = read_results(folder / 'out.npz')
    samples = load(str(folder / 'out.pkl'))
    for row, path, sample in zip(found.scores, found.paths, samples, strict=True):
        assert torch.equal(torch.tensor(row), sample['pred_score'])
        assert path == sample['img_path']
    assert found.classes == ['a', 'b', 'c']
    assert found.targets.argmax(axis=1).tolist() == [i % 3 for i in range(8)]

    # the numbers of the run, which reach every log as scalars, come out again
    logs = sorted(
        (folder / 'run').glob('*/*.json'), key=lambda path: path.stat().st_mtime
    )
    logged = json.loads(logs[-1].read_text().splitlines()[-1])
    numbers = evaluate(found.scores, found.targets, protocol_of(**found.protocol))
    numbers = {f'asl/{key}': value for key, value in numbers.items()}
    assert numbers == {key: logged[key] for key in numbers}
    assert {'asl/AP/a', 'asl/F1/c'} <= set(logged)


def test_rows_of_the_same_labels_are_taken_where_others_may_be(config):
    """As in a config that began with `load_from` and `allow=['labels']`."""
    folder, found = config.parent, []
    main(['train', str(config), '--work-dir', str(folder / 'run'), '--no-validate'])
    for name, words in (('a', []), ('b', ['--allow', 'labels'])):
        out = folder / f'{name}.npz'
        run(config, folder / 'run/epoch_1.pth', '--out', str(out), *words)
        found.append(read_results(out).scores)
    np.testing.assert_array_equal(*found)


def test_the_config_that_a_resumed_training_leaves_can_be_tested(config):
    work_dir = str(config.parent / 'run')
    train = ['train', str(config), '--work-dir', work_dir, '--no-validate']
    main(train)
    main([*train, '--resume', '--cfg-options', 'train_cfg.max_epochs=2'])
    kept = Config.fromfile(config.parent / 'run/tiny.py')
    assert kept.resume
    best = config.parent / 'run/best.pth'  # saved without the optimizer
    found = torch.load(config.parent / 'run/epoch_2.pth', weights_only=True)
    torch.save({key: found[key] for key in ('meta', 'state_dict')}, best)
    run(Path(kept.filename), best)


def test_eval_prints_the_numbers_of_the_test_under_every_protocol(
    config, checkpoint, capsys
):
    folder = config.parent
    thresholds = str(folder / 'thresholds.json')
    values = [('b', 0.5), ('a', 0.25), ('c', 0.75)]  # by name, in another order
    write_thresholds(thresholds, [dict(name=n, threshold=t) for n, t in values], {})
    metrics = [dict(type='MultiLabelProtocol', protocol=name) for name in PROTOCOLS]
    own = dict(protocol='asl', topk=2, thresholds=thresholds, prefix='own')
    metrics.insert(0, dict(type='MultiLabelProtocol', **own))
    text = config.read_text()
    stock = "dict(type='MultiLabelMetric', thr=0.5)"
    config.write_text(text.replace(stock, repr(metrics)))
    run(config, checkpoint, '--out', str(folder / 'out.npz'))
    logs = sorted((folder / 'run').glob('*/*.json'), key=lambda p: p.stat().st_mtime)
    logged = json.loads(logs[-1].read_text().splitlines()[-1])
    for prefix in ('own', *PROTOCOLS):
        words = [] if prefix == 'own' else ['--protocol', prefix]
        out = folder / f'{prefix}.json'
        main(['eval', str(folder / 'out.npz'), '--json', str(out), *words])
        found = json.loads(out.read_text())
        numbers = {f'{prefix}/{key}': x for key, x in found['numbers'].items()}
        assert numbers == {k: logged[k] for k in logged if k.startswith(f'{prefix}/')}
        assert found['thresholds'] == (thresholds if prefix == 'own' else None)
    printed = capsys.readouterr().out
    assert f'asl/top2-CF1 {logged["own/top2-CF1"]:.4f}' in printed
    assert f'Thresholds of {thresholds} in place of thr.' in printed


@pytest.mark.skipif(torch.cuda.is_available(), reason='the way without a GPU')
def test_three_processes_give_the_results_of_one(config, checkpoint, dist_env):
    three, one = config.parent / 'three.npz', config.parent / 'one.npz'
    script = str(Path(__file__).parents[2] / 'tools/dist_test.sh')
    words = [script, str(config), str(checkpoint), '3', '--out', str(three)]
    work_dir = ['--work-dir', str(config.parent / 'run')]
    # batches of one: eight pictures, which three processes share unevenly
    options = ['--cfg-options', 'test_dataloader.batch_size=1']
    done = subprocess.run(
        [*words, *work_dir, *options], env=dist_env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    run(config, checkpoint, '--out', str(one), *options)
    found, expected = read_results(three), read_results(one)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-12)
    np.testing.assert_array_equal(found.targets, expected.targets)
    assert found[2:] == expected[2:]


def test_out_takes_no_other_file_and_says_so_before_anything_is_read(capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['test', 'gone.py', 'gone.pth', '--out', 'out.json'])
    message = (
        '--out out.json: predictions go into a .npz, .pkl, .pickle file (metrics: add '
        '--out-item metrics).'
    )
    assert message in capsys.readouterr().err


@pytest.mark.parametrize('name', ['out.npz', 'out.pkl', 'out.json'])
def test_results_are_whole_or_not_there(config, checkpoint, name, monkeypatch):
    """What a disk that fills up leaves: the old file, and no half of a new one."""
    out = config.parent / 'results' / name
    out.parent.mkdir()
    out.write_text('old')

    def fill_up(*args, **kwargs):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', fill_up)
    item = ['--out-item', 'metrics'] if name.endswith('json') else []
    with pytest.raises(SystemExit, match='2'):
        run(config, checkpoint, '--out', str(out), '--overwrite', *item)
    assert os.listdir(out.parent) == [name]
    assert out.read_text() == 'old'


@pytest.mark.skipif(torch.cuda.is_available(), reason='bfloat16 is what a CPU takes')
def test_amp_computes_in_bfloat16_where_the_cpu_does(config, checkpoint, monkeypatch):
    from mmpretrain.models import LeNet5

    dtypes = []
    forward = LeNet5.forward

    def watched(self, x):
        out = forward(self, x)
        dtypes.append(out[0].dtype)
        return out

    monkeypatch.setattr(LeNet5, 'forward', watched)
    run(config, checkpoint)
    for works in (True, False):
        monkeypatch.setattr(half, 'has_bfloat16', lambda works=works: works)
        run(config, checkpoint, '--amp')
    dtype, other = torch.float32, torch.bfloat16
    assert dtypes == [dtype] * 2 + [other] * 2 + [dtype] * 2


@pytest.mark.parametrize(
    ('works', 'dtype'), [(True, torch.bfloat16), (False, torch.float16)]
)
def test_amp_on_a_gpu_is_bfloat16_where_it_can(monkeypatch, works, dtype):
    """mmengine asks torch for the type, which would be float16."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'is_bf16_supported', lambda: works)
    before = torch.get_autocast_dtype('cuda')
    cfg = Config(dict(test_cfg={}))
    try:
        use_amp(cfg)
        assert torch.get_autocast_dtype('cuda') == dtype
    finally:
        torch.set_autocast_dtype('cuda', before)
    assert cfg.test_cfg.fp16


def test_logs_go_into_the_work_folder(config, checkpoint, monkeypatch):
    monkeypatch.chdir(config.parent)
    run(config, checkpoint)
    assert list((config.parent / 'run').glob('*/*.log'))
    assert not (config.parent / 'work_dirs').exists()
    main(['test', str(config), str(checkpoint)])
    assert list((config.parent / 'work_dirs/tiny').glob('*/*.log'))


def test_out_holds_metrics_on_request(config, checkpoint):
    out = config.parent / 'out.json'
    run(config, checkpoint, '--out', str(out), '--out-item', 'metrics')
    assert 'multi-label/f1-score' in json.loads(out.read_text())


def test_a_number_that_is_none_is_null_in_json(config, checkpoint):
    labels = config.parent / 'labels.json'
    content = json.loads(labels.read_text())
    for record in content['data_list']:
        record['gt_label'] = []
    labels.write_text(json.dumps(content))
    out = config.parent / 'out.json'
    protocol = "test_evaluator=dict(type='MultiLabelProtocol')\n"
    config.write_text(config.read_text() + protocol)
    run(config, checkpoint, '--out', str(out), '--out-item', 'metrics')
    found = json.loads(out.read_text(), parse_constant=pytest.fail)
    assert found['mlgcn/mAP'] is None


def test_out_of_metrics_is_checked_before_the_test(capsys):
    words = ['config.py', 'x.pth', '--out', 'out.npz', '--out-item', 'metrics']
    with pytest.raises(SystemExit, match='2'):
        parse(['test', *words])
    assert '--out out.npz: metrics go into a .json, .yaml' in capsys.readouterr().err


@pytest.mark.parametrize('average', [False, True])
def test_tta_averages_with_the_mirrored_picture(config, checkpoint, average):
    if average:  # the file has the average as its weights, and others beside it
        hook = "custom_hooks = [dict(type='EMAHook', update_buffers=True)]\n"
        config.write_text(config.read_text() + hook)
        stored = torch.load(checkpoint, weights_only=True)
        last = {f'module.{k}': v + 1 for k, v in stored['state_dict'].items()}
        stored['ema_state_dict'] = {'steps': torch.tensor(9), **last}
        torch.save(stored, checkpoint)
    plain, tta = config.parent / 'plain.pkl', config.parent / 'tta.pkl'
    run(config, checkpoint, '--out', str(plain))
    run(config, checkpoint, '--out', str(tta), '--tta')
    flip = "pipeline.insert(1, dict(type='RandomFlip', prob=1.0))\nloader = dict("
    config.write_text(config.read_text().replace('loader = dict(', flip, 1))
    mirrored = config.parent / 'mirrored.pkl'
    run(config, checkpoint, '--out', str(mirrored))
    a, b, c = (
        torch.stack([sample['pred_score'] for sample in load(str(path))])
        for path in (plain, mirrored, tta)
    )
    assert not torch.equal(a, b)
    torch.testing.assert_close(c, (a + b) / 2)


def test_tta_of_a_data_set_in_wrappers():
    inner = dict(type='MultiLabelDataset', pipeline=[dict(type='A'), dict(type='B')])
    wrapped = dict(type='ConcatDataset', datasets=[inner, inner])
    data = dict(type='RepeatDataset', times=2, dataset=wrapped)
    cfg = Config(dict(model=dict(type='M'), test_dataloader=dict(dataset=data)))
    use_tta(cfg)
    found = cfg.test_dataloader.dataset.dataset.datasets
    assert len(found) == 2
    for part in found:
        load, views = part.pipeline
        assert (load.type, views.type) == ('A', 'TestTimeAug')
        assert [flip.prob for flip in views.transforms[0]] == [1, 0]
        assert views.transforms[1] == [dict(type='B')]
    assert cfg.model.module.type == 'M'


def test_show_dir_gets_the_pictures(config, checkpoint):
    folder = config.parent / 'shown'
    run(config, checkpoint, '--show-dir', str(folder), '--interval', '4')
    assert sorted(p.name for p in folder.iterdir()) == ['0.png_0.png', '4.png_0.png']


def test_pictures_show_labels_of_any_letters(config, checkpoint):
    names = ['x^{2}$\\frac$', 'US$ or A$', 'שלום']
    file = config.parent / 'labels.json'
    content = json.loads(file.read_text())
    content['metainfo']['classes'] = names
    file.write_text(json.dumps(content))
    folder, written = config.parent / 'shown', []
    out = config.parent / 'out.npz'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, 'draw', lambda text, _: written.append(text))
        run(config, checkpoint, '--show-dir', str(folder), '--out', str(out))
    texts = [text.get_text() for text in written]
    assert any('Ground truth: 0 (x^{2}$\\frac$)' in text for text in texts)
    assert any('Ground truth: 1 (US$ or A$)' in text for text in texts)
    assert not any(text.get_parse_math() for text in written if '$' in text.get_text())
    assert read_results(out).classes == names


def test_show_dir_needs_its_hook(config, checkpoint, capsys):
    text = config.read_text().replace(
        "visualization=dict(type='VisualizationHook')", ''
    )
    config.write_text(text)
    with pytest.raises(SystemExit, match='2'):
        run(config, checkpoint, '--show-dir', 'shown')
    assert "`visualization=dict(type='VisualizationHook')`" in capsys.readouterr().err


def test_a_missing_checkpoint_is_said(config, capsys):
    with pytest.raises(SystemExit, match='2'):
        run(config, 'gone.pth')
    message = r'error: checkpoint gone\.pth: no such file; give the path'
    assert re.search(message, capsys.readouterr().err)


def test_out_item_needs_out(config, capsys):
    with pytest.raises(SystemExit, match='2'):
        parse(['test', str(config), 'x.pth', '--out-item', 'pred'])
    assert '--out-item pred needs --out' in capsys.readouterr().err


FITS_NOTHING = {'state_dict': {'encoder.weight': torch.zeros(3, 3)}, 'meta': {}}


def test_a_checkpoint_that_fits_nothing_is_refused(config, capsys):
    path = config.parent / 'a.pth'
    torch.save(FITS_NOTHING, path)
    with pytest.raises(SystemExit, match='2'):
        run(config, path)
    message = (
        r'error: \S*a\.pth does not fit the model, .* are missing \(backbone\.\S+, '
        r'.*1 are unexpected \(encoder\.weight\)\. .*--allow missing unexpected of'
    )
    assert re.search(message, capsys.readouterr().err)
    run(config, path, '--allow', 'missing', 'unexpected')


def test_labels_of_the_checkpoints_data_are_those_of_the_test(
    config, checkpoint, capsys
):
    stored = torch.load(checkpoint, weights_only=True)
    stored['meta'] = {'dataset_meta': {'classes': ('b', 'a', 'c')}}
    torch.save(stored, checkpoint)
    hooks = "default_hooks['check_classes'] = dict(type='CheckClassNames')\n"
    config.write_text(config.read_text() + hooks)
    with pytest.raises(SystemExit, match='2'):
        run(config, checkpoint)
    assert "'b' in the checkpoint, 'a' in the test data" in capsys.readouterr().err
    run(config, checkpoint, '--cfg-options', 'default_hooks.check_classes=None')


def test_a_damaged_checkpoint_is_said(config, checkpoint, capsys):
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SystemExit, match='2'):
        run(config, checkpoint)
    assert re.search(r'error: \S+ is cut or damaged', capsys.readouterr().err)
