import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / 'tools'))


def test_a_small_step_on_the_cpu_gives_a_report(tmp_path):
    config = importlib.import_module('scenes.train_clip').CONFIG
    (tmp_path / 'tiny_clip.json').write_text(json.dumps(config))
    command = [
        sys.executable,
        str(ROOT / 'tools/benchmarks/train_step.py'),
        str(ROOT / 'configs/mvlr/mvlr_tiny_scenes.py'),
    ]
    command += ['--device', 'cpu', '--batch', '2', '--side', '64']
    command += ['--seconds', '0.1', '--amp']
    command += ['--cfg-options', 'optim_wrapper.optimizer.fused=True']
    environment = os.environ | {'MVLR_TINY_CLIP': str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report['amp']
    assert report['options'] == {'optim_wrapper.optimizer.fused': 'True'}
    assert report['images_per_second'] > 0
    assert report['peak_gb'] > 0.1
    assert 0 < report['share_of_matrix_product'] < 1
