from pathlib import Path

import pytest

from mvlr_mm.config import read_config
from mvlr_mm.paper import TABLES
from mvlr_mm.paper.settings import settings_table, title, words
from mvlr_stack.command import parse

ROOT = Path(__file__).parents[2]
BASE = ROOT / 'configs/mvlr/mvlr_rn101_coco.py'
ROWS = [
    pytest.param(row, id=f'{name}: {row.name}')
    for name, table in TABLES.items()
    for row in table.rows
    if row.overrides
]


def test_the_readme_shows_the_list():
    text = (ROOT / 'configs/mvlr/README.md').read_text(encoding='utf-8')
    assert f'\n\n{settings_table()}\n' in text


@pytest.mark.parametrize('row', ROWS)
def test_what_is_shown_means_the_same_behind_cfg_options(row):
    args = parse(['train', str(BASE), '--cfg-options', *words(row.overrides)])
    shown = read_config(BASE, args.cfg_options)
    assert shown.model == read_config(BASE, row.overrides).model


def test_titles_are_the_papers():
    assert [title('4'), title('figure6')] == ['table 4', 'figure 6']
