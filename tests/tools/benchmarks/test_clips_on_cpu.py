import importlib.util
import re
from pathlib import Path

PATH = Path(__file__).parents[3] / 'tools/benchmarks/clips_on_cpu.py'


def test_a_row_says_size_and_both_times(tiny_clip, capsys, monkeypatch):
    spec = importlib.util.spec_from_file_location('clips_on_cpu', PATH)
    clips_on_cpu = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(clips_on_cpu)
    monkeypatch.setattr(clips_on_cpu, 'BATCH', 2)
    monkeypatch.setattr(clips_on_cpu, 'SIDE', 64)
    model = tiny_clip()['model']
    clips_on_cpu.main(['--models', model, '--seconds', '0.1'])
    row = capsys.readouterr().out.splitlines()[-1]
    size, frozen, whole = re.fullmatch(
        rf'\| `{re.escape(model)}` \| ([\d.]+) M \| (\d+) s \| (\d+) s \|', row
    ).groups()
    assert 0 < float(size) < 1
    assert int(frozen) > 0
    assert int(whole) > 0
