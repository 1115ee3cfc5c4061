import importlib.util
import json
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest

PATH = Path(__file__).parents[4] / 'tools/benchmarks/speed/report.py'


@pytest.fixture
def report():
    spec = importlib.util.spec_from_file_location('report', PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_numbers_have_three_digits_that_count(report):
    text = report.table(['a', 'b', 'c', 'd'], [['x', 1234.5, 0.012345, None]])
    assert text == '| a | b | c | d |\n|---|---|---|---|\n| x | 1234 | 0.0123 |  |\n'


def test_the_command_can_be_given_again(report, tmp_path, monkeypatch, capsys):
    words = ['x.py', 'speed', 'scan', '--without', "mamba-ssm's form", 'torch']
    monkeypatch.setattr('sys.argv', words)
    args = SimpleNamespace(out=tmp_path / 'my folder')
    report.publish('scan', report.Result([1], {'a': 'b'}), args)
    command = json.loads((args.out / 'speed_scan.json').read_text())['command']
    assert shlex.split(command) == ['python', 'tools/benchmark.py', *words[1:]]
    assert f'`{command}`' in (args.out / 'speed_scan.md').read_text()


def test_a_page_names_the_command_and_the_machine(report):
    result = report.Result({}, {'Forward': '| a |\n'}, ['A note.'])
    page = report.markdown('scan', result, report.machine(), 'python x.py')
    assert page.startswith('# Speed: scan\n\n`python x.py`\n')
    assert 'torch ' in page
    assert '\nA note.\n\n## Forward\n\n| a |\n' in page
