from pathlib import Path

import pytest

from mvlr_mm.config import read_config
from mvlr_mm.paper import FULL, TABLES
from mvlr_stack.words import table

ROOT = Path(__file__).parents[2]
BASE = ROOT / 'configs/mvlr/mvlr_rn101_coco.py'


def test_the_command_knows_every_table():
    assert tuple(TABLES) == table.TABLES


@pytest.mark.parametrize('name', TABLES)
def test_a_table_names_each_row_once_and_has_the_full_model(name):
    rows = TABLES[name].rows
    assert len({row.name for row in rows}) == len(rows)
    assert len([row for row in rows if row.overrides == FULL]) == 1


def test_the_full_model_has_the_papers_numbers_wherever_it_stands():
    full = [row for t in TABLES.values() for row in t.rows if row.overrides == FULL]
    printed = [row for row in full if row.coco]
    assert {row.coco for row in printed} == {(88.5, 82.8, 84.4)}
    # the paper itself has two
    assert {row.nuswide for row in printed} == {(67.3, 64.8, 75.3), (67.3, 64.9, 75.5)}


def test_no_row_is_better_than_the_full_model_but_more_tokens():
    better = {
        row.name
        for table in TABLES.values()
        for row in table.rows
        if row.coco and row.coco.mean_ap > 88.5
    }
    assert better == {'hard + soft, L = 8'}


@pytest.mark.parametrize('name', TABLES)
def test_every_override_changes_the_config(name):
    before = read_config(BASE).model
    for row in TABLES[name].rows:
        after = read_config(BASE, row.overrides).model
        assert (after == before) == (row.overrides == FULL), row.name
