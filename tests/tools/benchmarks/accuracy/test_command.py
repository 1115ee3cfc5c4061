import argparse
import json
import re
import shlex
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import pytest
from benchmarks.accuracy import command, costs
from benchmarks.accuracy.rows import chosen_rows

from mvlr_mm.cli import half
from mvlr_mm.features.index import Index, write_index

ROOT = Path(__file__).parents[4]
TOOL = ROOT / 'tools/benchmark.py'


@pytest.fixture
def run(config, data, tmp_path, inline, monkeypatch):
    monkeypatch.setattr(costs, 'SECONDS', 0.01)
    monkeypatch.setattr(command, 'workers', lambda *_: nullcontext(inline))
    second = tmp_path / 'second.py'
    second.write_text(Path(config).read_text().replace('momentum=0.1', 'momentum=0.2'))

    def run(*words, configs=(config, str(second))):
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        words = ['--data', str(data), '--out', str(tmp_path / 'out'), *words]
        if configs:
            words += ['--configs', *configs]
        return command.run(parser.parse_args(words))

    return run


SHORT = ('--budget', '1', '--rates', '1e-3', '1e-2', '--decays', '0.1')


def test_from_configs_to_tables_and_pictures(run, tmp_path, capsys, monkeypatch):
    assert run(*SHORT, '--seeds', '0', '1') == 0
    out = tmp_path / 'out'
    content = json.loads((out / 'accuracy.json').read_text())
    first, second = content['rows']
    assert (first['name'], second['name']) == ('net', 'second')
    assert content['data'] == dict(name='grey', train=12, val=8, test=10, labels=2)
    assert len(first['tries']) == len(second['tries']) == content['tries'] == 2
    best = max(first['tries'], key=lambda tried: tried['val mAP'])
    assert first['setting']['lr'] == best['lr']
    assert list(second['seeds']) == ['0', '1']
    assert second['differs'] == ['custom_hooks']
    assert first['cost']['parameters'] > first['trained'] * 0.99
    text = (out / 'accuracy.md').read_text()
    assert text.strip() in capsys.readouterr().out
    assert '![accuracy.png](accuracy.png)\n![curves_1.png](curves_1.png)' in text
    assert (out / 'accuracy.png').is_file()
    assert (out / 'curves_1.png').is_file()
    assert len((out / 'accuracy.csv').read_text().splitlines()) == 5
    # the same again does nothing, another comparison does not replace it
    assert run(*SHORT, '--seeds', '0', '1') == 0
    assert json.loads((out / 'accuracy.json').read_text())['rows'] == content['rows']
    # on a CPU that computes in float32 all the same, --amp is no other comparison
    monkeypatch.setattr(half, 'has_bfloat16', lambda: False)
    assert run(*SHORT, '--seeds', '0', '1', '--amp') == 0
    monkeypatch.setattr(half, 'has_bfloat16', lambda: True)
    for other in (['--seeds', '0'], ['--amp'], ['--cfg-options', 'randomness.seed=1']):
        with pytest.raises(FileExistsError, match='--overwrite'):
            run(*SHORT, '--seeds', '0', '1', *other)
    with pytest.raises(FileExistsError, match='--overwrite'):
        run('--budget', '2', *SHORT[2:], '--seeds', '0', '1')


def test_a_row_that_cannot_be_built_is_said_and_stays_empty(
    run, config, tmp_path, capsys
):
    wrong = tmp_path / 'wrong.py'
    wrong.write_text(
        Path(config).read_text().replace("'ShuffleNetV2'", "'ShuffleNetV9'")
    )
    words = ('--budget', '1', '--rates', '0.01', '--decays', '0.1', '--seeds', '0')
    assert run(*words, configs=(config, str(wrong))) == 1
    err = capsys.readouterr().err
    assert 'wrong: KeyError' in err
    first, empty = json.loads((tmp_path / 'out/accuracy.json').read_text())['rows']
    assert list(first['seeds']) == ['0']
    assert (empty['seeds'], empty['cost']) == ({}, None)


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--seeds', '1000'], r'--seeds 1000 is the seed of the tries'),
        (['--rates', '1', '1'], r'--rates \[1.0, 1.0\]: name each once'),
        (['--reference', 'x'], r"--reference 'x' is no row; there are: net, second"),
    ],
)
def test_what_does_not_go_together_is_refused(run, words, message):
    with pytest.raises(ValueError, match=message):
        run('--budget', '1', *words)


@pytest.mark.parametrize('stage', ['patches', 'trunk.layer3'])
def test_features_say_themselves_up_to_where_they_go(run, tmp_path, monkeypatch, stage):
    class StopError(Exception):
        pass

    def stop(plan, row):
        raise StopError(plan.stage)

    monkeypatch.setattr(command.Plan, 'prepare', stop)
    index = Index(stage, 'ab', {}, 0, {}, {}, {})
    write_index(tmp_path, index)
    with pytest.raises(StopError, match=f'^{stage}$'):
        run(*SHORT, '--features', str(tmp_path))
    with pytest.raises(FileNotFoundError, match='make features with'):
        run(*SHORT, '--features', str(tmp_path / 'gone'))


def test_pictures_that_are_not_there(run, tmp_path):
    with pytest.raises(FileNotFoundError, match='there is no such folder'):
        run('--budget', '1', '--data', str(tmp_path / 'nothing'))


def documented():
    """Yield every command of the documents that compares."""
    pages = [*ROOT.glob('docs/**/*.md'), *ROOT.glob('configs/**/*.md')]
    for page in pages:
        for block in re.findall(r'```bash\n(.*?)```', page.read_text(), re.S):
            for line in block.replace('\\\n', ' ').splitlines():
                if 'benchmark.py accuracy' in line:
                    yield pytest.param(line, id=f'{page.stem}: {line[-30:]}')


@pytest.mark.parametrize('line', [*documented()])
def test_a_documented_command_can_be_parsed(line):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    words = shlex.split(line, comments=True)
    args = parser.parse_args(words[words.index('accuracy') + 1 :])
    configs = [[*ROOT.glob(config)] for config in [*args.configs, args.base]]
    assert all(configs)
    configs = [str(path) for found in configs[:-1] for path in found]
    rows = chosen_rows(configs, args.tables, args.base)
    assert command.reference_row(rows, args.reference)


@pytest.mark.slow
def test_a_comparison_that_was_killed_goes_on(config, data, tmp_path):
    out = tmp_path / 'out'
    words = [sys.executable, str(TOOL), 'accuracy', '--data', str(data)]
    words += ['--configs', config, '--out', str(out), '--budget', '3', '--jobs', '2']
    words += ['--seeds', *map(str, range(8)), '--rates', '1e-2', '--decays', '0.1']
    started = subprocess.Popen(words)
    done = set()
    while not done and started.poll() is None:
        done = set(out.glob('runs/*/*/result.json'))
        time.sleep(0.05)
    started.kill()
    started.wait()
    times = {path: path.stat().st_mtime_ns for path in done}
    assert 0 < len(done) < 8
    finished = subprocess.run(words, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    content = json.loads((out / 'accuracy.json').read_text())
    assert len(content['rows'][0]['seeds']) == 8
    assert all(path.stat().st_mtime_ns == t for path, t in times.items())
    assert 'left' in finished.stdout or '100 %' in finished.stdout
