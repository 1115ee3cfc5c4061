import importlib.util
import subprocess
from pathlib import Path

PATH = Path(__file__).parents[3] / 'tools/benchmarks/cached_features.py'


def test_every_command_is_timed_and_features_that_are_there_are_not(
    tmp_path, monkeypatch, capsys
):
    spec = importlib.util.spec_from_file_location('cached_features', PATH)
    cached_features = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cached_features)
    commands = []
    now = iter(range(0, 1000, 7))
    monkeypatch.setattr(cached_features.time, 'perf_counter', lambda: next(now))
    monkeypatch.setattr(
        subprocess, 'run', lambda words, check: commands.append(words[3:])
    )
    argv = ['my.py', '--out', str(tmp_path), '--cfg-options', 'data_root=x']
    cached_features.main(argv)
    (tmp_path / 'features').mkdir()
    (tmp_path / 'features/index.json').touch()
    cached_features.main([*argv, '--without-pictures'])
    assert [words[0] for words in commands] == ['features', 'train', 'train', 'train']
    assert all(words[-2:] == ['--cfg-options', 'data_root=x'] for words in commands)
    on_features = ['--features', str(tmp_path / 'features')]
    assert [on_features[0] in words for words in commands] == [False, True, False, True]
    table = capsys.readouterr().out.split('\n\n')[-1]
    assert '`mvlr train` on features | 7 |' in table
    assert 'mvlr features' not in table
