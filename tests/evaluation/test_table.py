import csv
import json

import numpy as np
import pytest

from mvlr_mm.evaluation.average_precision import average_precision
from mvlr_mm.evaluation.counts import label_counts
from mvlr_mm.evaluation.f1 import label_precision_recall_f1
from mvlr_mm.evaluation.protocols import PROTOCOLS, evaluate, protocol_of
from mvlr_mm.evaluation.table import (
    LabelRow,
    format_table,
    label_table,
    write_table,
)
from mvlr_mm.evaluation.thresholds import search_thresholds

NAMES = ['cat', 'traffic light', 'café', 'd', 'e', 'f', 'g']


def test_a_row_holds_what_the_functions_return(cases):
    scores, targets = cases('unknown')
    rows = label_table(scores, targets, NAMES, protocol_of('asl', thr=0.4))
    counts = label_counts(scores, targets, 0.4, strict=True)
    shares = (100 * x for x in label_precision_recall_f1(counts))
    ap = 100 * average_precision(scores, targets)
    best = search_thresholds(scores, targets).threshold
    expected = zip(NAMES, counts.actual, ap, *shares, best, strict=True)
    for row, values in zip(rows, expected, strict=True):
        if row.name == 'f':  # nothing is known of it
            values = ('f', 0, *5 * [np.nan])
        np.testing.assert_equal(tuple(row), values)


def test_own_thresholds_and_unknown_as_negative(cases):
    scores, targets = cases('unknown')
    thr = np.linspace(0, 1, 7)
    protocol = protocol_of('mlgcn', unknown='negative')
    rows = label_table(scores, targets, NAMES, protocol, thr)
    counts = label_counts(scores, np.maximum(targets, 0), thr)
    precision = 100 * label_precision_recall_f1(counts)[0]
    assert [row.precision for row in rows] == precision.tolist()


def test_names_and_labels_have_to_match(cases):
    with pytest.raises(ValueError, match='names has 6 entries for 7 labels'):
        label_table(*cases('random'), NAMES[1:], PROTOCOLS['mlgcn'])


def test_the_text_lines_up_and_says_what_it_shows(cases):
    scores, targets = cases('empty')
    protocol = protocol_of('voc07', empty='zero')
    text = format_table(label_table(scores, targets, NAMES, protocol), protocol, 60)
    lines = text.splitlines()
    assert len({len(line) for line in lines[:8]}) == 1
    row = lines[3].split()
    assert (row[0], row[1], row[2], row[6]) == ('café', '0', '-', '-')
    assert '60 images; 1 of 7 labels have no positive image and count as' in lines[8]
    assert lines[9].startswith('Protocol voc07: ap voc07, empty* zero')


def test_labels_of_which_nothing_is_known_are_said(cases):
    protocol = PROTOCOLS['asl']
    text = format_table(label_table(*cases('unknown'), NAMES, protocol), protocol, 60)
    lines = text.splitlines()
    assert lines[6].split() == ['f', '0', *5 * '-']
    assert '0 of 7 labels have no positive image' in lines[8]
    assert lines[9] == '1 labels of which nothing is known count nowhere.'


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


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r'a\.xls must be a \.csv or a \.json file'):
        write_table(tmp_path / 'a.xls', [], PROTOCOLS['mlgcn'], {})
