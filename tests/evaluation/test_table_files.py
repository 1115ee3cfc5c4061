import csv
import json

import numpy as np
import pytest

from mvlr_mm.evaluation import evaluate
from mvlr_mm.evaluation.label_table import ComparisonRow, LabelRow, label_table
from mvlr_mm.evaluation.protocols import PROTOCOLS
from mvlr_mm.evaluation.table_files import write_comparison, write_table

NAMES = ['cat', 'traffic light', 'café', 'd', 'e', 'f', 'g']


def test_files_hold_everything_in_full_precision(cases, tmp_path):
    scores, targets = cases('empty')
    protocol = PROTOCOLS['mlgcn']
    numbers = evaluate(scores, targets, protocol)
    rows = label_table(scores, targets, NAMES, protocol)
    for name in ('a.csv', 'new/a.json'):
        write_table(tmp_path / name, rows, protocol, {**numbers, 'x': float('nan')})
    with open(tmp_path / 'a.csv', newline='', encoding='utf-8') as file:
        found = list(csv.DictReader(file))
    assert list(found[0]) == list(LabelRow._fields)
    assert [float(row['ap'] or 'nan') for row in found] == pytest.approx(
        [row.ap for row in rows], rel=1e-15, nan_ok=True
    )
    assert (found[2]['name'], found[2]['ap']) == ('café', '')
    content = json.loads((tmp_path / 'new/a.json').read_text(encoding='utf-8'))
    assert content['numbers'] == {**numbers, 'x': None}
    assert content['protocol']['family'] == 'paper'
    assert content['labels'][2]['ap'] is None
    assert content['labels'][1] == rows[1]._asdict()


class Breaks:
    def __iter__(self):
        yield from [1, 2]
        raise KeyboardInterrupt


@pytest.mark.parametrize('name', ['a.csv', 'a.json'])
def test_an_interrupted_write_leaves_the_old_file_whole(cases, tmp_path, name):
    path, protocol = tmp_path / name, PROTOCOLS['mlgcn']
    rows = label_table(*cases('random'), NAMES, protocol)
    write_table(path, rows, protocol, {})
    before = path.read_bytes()
    with pytest.raises((KeyboardInterrupt, AttributeError)):
        write_table(path, [*rows, Breaks()], protocol, {})
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r'a\.xls must be a \.csv or a \.json file'):
        write_table(tmp_path / 'a.xls', [], PROTOCOLS['mlgcn'], {})


def test_a_csv_of_several_models_keeps_every_digit(tmp_path):
    rows = [ComparisonRow('sea', 5, (90.04, 80.0)), ComparisonRow('a, b', 0, (np.nan,))]
    write_comparison(tmp_path / 'table.csv', rows, ['MVLR', 'baseline'])
    with open(tmp_path / 'table.csv', newline='') as file:
        read = list(csv.reader(file))
    assert read[0] == ['label', 'support', 'MVLR', 'baseline']
    assert read[1:] == [['sea', '5', '90.04', '80.0'], ['a, b', '0', '']]
