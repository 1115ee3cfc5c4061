"""Optional packages: what the base install leaves out, and what says so."""

import ast
import json
import re
import subprocess
import sys
from importlib.metadata import packages_distributions, requires
from itertools import chain
from pathlib import Path

import pytest

from mvlr_mm.extras import require
from mvlr_stack.command import main
from mvlr_stack.words import WORDS

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10, where pytest brings it
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
EXTRAS = PROJECT['optional-dependencies']
# what nothing imports by itself; huggingface_hub comes with open_clip
OPTIONAL = {'cleanlab', 'gradio', 'mkdocs', 'onnx', 'onnxruntime', 'onnxscript', 'ray'}
# of the base install, the OpenMMLab families, and what these require
EVERYWHERE = {'torch', 'torchvision', 'numpy', 'matplotlib', 'open_clip', 'PIL', 'rich'}
EVERYWHERE |= {'safetensors', 'timm', 'ftfy', 'regex', 'huggingface_hub', 'cv2', 'yaml'}
EVERYWHERE |= {'mmengine', 'mmcv', 'mmpretrain', 'modelindex', 'mvlr_mm', 'mvlr_stack'}
EVERYWHERE |= sys.stdlib_module_names
# imported behind a test of their own that they are there and work
PROBED = {'mamba_ssm', 'triton', 'transformers', 'tokenizers'}
# imported where `require` has been passed before
LATE = {
    'mvlr_mm/page/server.py': {'fastapi', 'starlette'},
    'mvlr_mm/tagging/bulk/ray_*.py': {'pyarrow', 'ray'},
}
DISTRIBUTIONS = packages_distributions()
FILES = [
    p for package in ('mvlr_mm', 'mvlr_stack') for p in (ROOT / package).rglob('*.py')
]
FILES = sorted(path for path in FILES if '.mim' not in path.parts)


def name_of(requirement):
    """Return the package of a requirement, as indexes write it."""
    return re.match(r'[\w.-]+', requirement)[0].lower().replace('_', '-')


def requirements(extra):
    """Return the packages of an extra, those of the extras in it included."""
    found = set()
    for requirement in EXTRAS[extra]:
        inner = re.match(r'mvlr_mm\[(.*)\]', requirement)
        if inner:
            found |= set().union(*map(requirements, inner[1].split(',')))
        else:
            found.add(name_of(requirement))
    return found


def required():
    """Return module and extra of every `require(...)` of the packages."""
    found = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'require':
                extra = [k.value.value for k in node.keywords if k.arg == 'extra']
                assert extra[0] in EXTRAS, path
                names = [n.value for n in node.args if isinstance(n, ast.Constant)]
                found |= {(name, extra[0]) for name in names}
    return sorted(found)


def imported(path):
    """Yield the top of every module that a file imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition('.')[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.partition('.')[0]


def test_what_is_there_is_imported():
    assert require('json', extra='tag') is json


def test_the_base_install_has_not_grown():
    names = {name_of(requirement) for requirement in PROJECT['dependencies']}
    assert names == {
        *('torch', 'torchvision', 'numpy', 'matplotlib', 'ninja', 'open-clip-torch'),
        *('pillow', 'rich', 'safetensors'),
    }


def test_what_is_not_everywhere_is_imported_by_require():
    # which says how to install it, and which extra has it
    for path in FILES:
        late = [LATE[place] for place in LATE if path.match(place)]
        assert set(imported(path)) <= EVERYWHERE.union(PROBED, *late), path


def test_the_package_and_the_help_of_every_word_import_no_extra():
    code = f"""
import sys
import mvlr_mm
from mvlr_stack.command import main
for word in {list(WORDS)}:
    try:
        main([word, '--help'])
    except SystemExit as end:
        assert end.code == 0, word
print('imported:', *({OPTIONAL!r} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('usage: mvlr') == len(WORDS)
    assert done.stdout.splitlines()[-1] == 'imported:'


def test_every_optional_package_belongs_to_an_extra():
    extras = set().union(*(requirements(extra) for extra in EXTRAS if extra != 'dev'))
    assert {name.lower() for name in OPTIONAL - {'mkdocs'}} <= extras
    assert {'report', 'export', 'pack', 'pa100k', 'tag'} <= {e for _, e in required()}


@pytest.mark.parametrize(('module', 'extra'), required())
def test_a_missing_package_says_its_command(module, extra, monkeypatch):
    top = module.partition('.')[0]
    brought = set(map(name_of, DISTRIBUTIONS[top]))
    named = requirements(extra)
    further = {name_of(one) for name in named for one in requires(name) or ()}
    assert brought & (named | further), f'[{extra}] does not bring {module}'
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf'pip install "mvlr_mm\[{extra}\]"'):
        require(module, extra=extra)


def test_what_the_tests_need_is_there():
    # no test of an extra is skipped where `[dev]` is installed
    there = set(map(name_of, chain(*DISTRIBUTIONS.values())))
    assert requirements('dev') <= there


@pytest.mark.parametrize(
    ('missing', 'extra', 'words'),
    [
        ('onnx', 'export', 'export MODEL --out m.onnx'),
        ('onnxscript', 'export', 'pack MODEL --out pack --onnx'),
        ('gradio', 'demo', 'demo MODEL --port 0'),
        ('pyarrow', 'tag', 'infer MODEL/../0.png --model MODEL --out t.parquet'),
        ('pyarrow', 'tag', 'tag MODEL/.. --model MODEL --out tags'),
        ('ray', 'tag', 'tag MODEL/.. --model MODEL --out tags --engine ray'),
    ],
)
def test_a_command_without_its_package_ends_with_the_command_that_brings_it(
    missing, extra, words, trained, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in sys.modules if name.partition('.')[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit) as end:
        main(words.replace('MODEL', str(trained.folder)).split())
    assert end.value.code == 2
    assert f'pip install "mvlr_mm[{extra}]"' in capsys.readouterr().err
    assert not any(tmp_path.iterdir())
