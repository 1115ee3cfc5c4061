"""Imports run one way: from what people call down to what everything stands on."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# from above to below; a file may import what stands below it, and its own room
ORDER = (
    ('cli',),
    ('page',),
    ('paper', 'report', 'tagging'),
    ('projects',),
    ('apis', 'cache', 'features'),
    ('packs', 'visualization'),
    ('export',),
    ('engine', 'stores'),
    ('datasets', 'evaluation', 'models'),
    ('ops',),
)
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
LOWEST = len(ORDER)  # config, labels and single files beside the rooms
FILES = sorted((ROOT / 'mvlr_mm').glob('**/*.py'))


def imported(path):
    """Yield what a file imports of the package, as parts of a dotted name."""
    package = path.relative_to(ROOT).with_suffix('').parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name.split('.') for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            base = [*start, *(node.module.split('.') if node.module else ())]
            names = [[*base, alias.name] for alias in node.names]
        yield from (name for name in names if name[0] == 'mvlr_mm')


def room_of(parts):
    return parts[1] if len(parts) > 2 and parts[1] in RANK else None


@pytest.mark.parametrize(
    'path', FILES, ids=lambda p: str(p.relative_to(ROOT / 'mvlr_mm'))
)
def test_a_file_imports_what_stands_below_it(path):
    own = room_of(path.relative_to(ROOT).parts)
    if path == ROOT / 'mvlr_mm/__init__.py':
        return  # registers everything
    for name in imported(path):
        other = name[1] if len(name) > 1 and name[1] in RANK else None
        if other != own:
            below = RANK.get(other, LOWEST) > RANK.get(own, LOWEST)
            lowest = own is None and other is None
            assert below or lowest, f'{own or path.name} imports {".".join(name)}'


def test_a_sideways_import_would_be_seen(tmp_path):
    found = list(imported(ROOT / 'mvlr_mm/models/necks/ifm.py'))
    assert any(name[1] == 'structures' for name in found)
    assert any(name[1:3] == ['models', 'layers'] for name in found)


@pytest.mark.parametrize('room', ['backbones', 'heads', 'losses', 'necks', 'text'])
def test_rooms_of_the_models_do_not_import_each_other(room):
    allowed = {'layers', 'clip', 'hub', room}
    if room in ('heads', 'necks'):
        allowed.add('text')
    for path in (ROOT / 'mvlr_mm/models' / room).glob('**/*.py'):
        others = {name[2] for name in imported(path) if name[1:2] == ['models']}
        assert others <= allowed, path.name


@pytest.mark.parametrize('room', ['necks', 'peers'])
def test_parts_of_these_rooms_do_not_import_each_other(room):
    for path in (ROOT / 'mvlr_mm/models' / room).glob('*.py'):
        if path.stem != '__init__':
            names = [n for n in imported(path) if n[1:3] == ['models', room]]
            assert not names, path.name


def test_nothing_stands_on_a_peer():
    for path in (ROOT / 'mvlr_mm/models').glob('*/**/*.py'):
        if path.parent.name != 'peers':
            names = [n for n in imported(path) if n[1:3] == ['models', 'peers']]
            assert not names, path.name
