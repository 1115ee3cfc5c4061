import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / 'tools'))
gpu_goals = importlib.import_module('benchmarks.gpu_goals')


def times(forward, both):
    return {'forward': {'ms': forward}, 'both': {'ms': both}}


def write(folder, part, result):
    folder.mkdir(exist_ok=True)
    (folder / f'speed_{part}.json').write_text(json.dumps({'result': result}))


def table(folder, capsys):
    gpu_goals.main([str(folder)])
    printed = capsys.readouterr().out
    assert printed == (folder / 'goals.md').read_text().removeprefix('# Goals\n\n')
    return dict(
        re.match(r'\| (.*?) \| (.*) \|$', line).groups()
        for line in printed.splitlines()[2:]
        if line
    )


def test_what_fails_has_no_number_of_an_earlier_run(tmp_path):
    stub = tmp_path / 'bin/python'
    stub.parent.mkdir()
    stub.write_text('#!/bin/sh\nexit 1\n')
    stub.chmod(0o755)
    kept = tmp_path / 'out/notes.txt'
    old = [
        tmp_path / f'out/{x}/speed_scan.json' for x in ('float32', 'bfloat16_triton')
    ]
    for path in (kept, *old):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{}')
    env = {**os.environ, 'PATH': f'{stub.parent}:{os.environ["PATH"]}', 'QUICK': '1'}
    command = [
        'bash',
        str(ROOT / 'tools/benchmarks/gpu_check.sh'),
        str(tmp_path / 'out'),
    ]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode > 0
    assert 'goals FAILED' in done.stdout
    assert kept.is_file()
    assert not any(path.exists() for path in old)


def test_numbers_stand_beside_their_goals(tmp_path, capsys):
    kinds = {'QMVL': times(2.0, 3.0), 'self-attention': times(4.0, 2.0)}
    kinds['QMVL']['forward_graph'] = {'ms': 0.5}
    kinds['self-attention']['forward_graph'] = {'ms': 1.0}
    sizes = [{'side': side, 'kinds': kinds} for side in (448, 1792)]
    write(tmp_path / 'bfloat16', 'qmvl', {'sizes': sizes})
    scans = {'triton': times(1.0, 9.0), 'mamba_ssm': times(2.0, 3.0)}
    write(tmp_path / 'bfloat16', 'scan', [{'shape': [4, 8, 276, 2], 'scans': scans}])
    report = {'config': 'x.py', 'images_per_second': 420.0}
    report['share_of_matrix_product'] = 0.1
    (tmp_path / 'train.log').write_text(f'a warning\n{json.dumps(report)}\n')
    (tmp_path / 'train_plain.log').write_text('Traceback\n')

    rows = table(tmp_path, capsys)
    twin = 'QMVL / self-attention'
    assert (
        rows[f'{twin}, 448 px, forward, bfloat16'] == '0.5 | <= 1.0 | yes | 2 and 4 ms'
    )
    assert rows[f'{twin}, 1792 px, and backward, bfloat16'].startswith(
        '1.5 | <= 0.7 | no'
    )
    graphs = rows[f'{twin}, 448 px, forward, as CUDA graphs, bfloat16']
    assert graphs == '0.5 | <= 1.0 | yes | 0.5 and 1 ms'
    scan = 'scan / mamba-ssm, batch 4, 276 steps'
    assert rows[f'{scan}, forward, bfloat16'].startswith('0.5 | <= 1.0 | yes')
    assert rows[f'{scan}, and backward, bfloat16'].startswith('3 | <= 1.0 | no')
    step = rows['training step, images/s, train']
    assert step == '420 | >= 400 | yes | 4.2e+03 at the rate of a large matrix product'
    assert rows['training step, images/s, train_plain'].startswith('not measured')


def test_what_was_not_measured_is_named(tmp_path, capsys):
    rows = table(tmp_path, capsys)
    assert (
        len(rows) == 12
    )  # of two dtypes: the scan, QMVL at two sides; each in two runs
    assert all(row.startswith('not measured') for row in rows.values())


def test_every_file_of_the_script_is_there():
    script = (ROOT / 'tools/benchmarks/gpu_check.sh').read_text()
    named = re.findall(r'(?:tests|tools|configs)/[\w/]+\.\w+', script)
    assert len(named) > 10
    assert all((ROOT / name).is_file() for name in named)
