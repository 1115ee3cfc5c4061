import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_small_step_on_the_cpu_gives_a_report():
    command = [
        sys.executable,
        str(ROOT / 'tools/benchmarks/train_step.py'),
        str(ROOT / 'configs/mvlr/mvlr_rn101_coco.py'),
        *(
            [
                '--device',
                'cpu',
                '--batch',
                '2',
                '--side',
                '64',
                '--rounds',
                '1',
                '--amp',
            ]
        ),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report['amp']
    assert report['images_per_second'] > 0
    assert report['peak_gb'] > 0.1
