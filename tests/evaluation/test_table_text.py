import numpy as np
import pytest
from rich.cells import cell_len

from mvlr_mm.evaluation.label_table import ComparisonRow, label_table
from mvlr_mm.evaluation.protocol_numbers import evaluate
from mvlr_mm.evaluation.protocols import PROTOCOLS, protocol_of
from mvlr_mm.evaluation.table_text import format_comparison, format_table

NAMES = ['cat', 'traffic light', 'café', 'd', 'e', 'f', 'g']


def text_of(scores, targets, names, protocol):
    return format_table(
        label_table(scores, targets, names, protocol), protocol, targets
    )


def test_the_text_lines_up_and_says_what_it_shows(cases):
    scores, targets = cases('empty')
    protocol = protocol_of('voc07', empty='zero')
    text = text_of(scores, targets, NAMES, protocol)
    lines = text.splitlines()
    assert len({len(line) for line in lines[:8]}) == 1
    row = lines[3].split()
    assert (row[0], row[1], row[2], row[6]) == ('café', '0', '-', '-')
    assert '60 images; 1 of 7 labels have no positive image and count as' in lines[8]
    assert lines[9].startswith('Protocol voc07: ap voc07, empty* zero')


def test_labels_of_which_nothing_is_known_are_said(cases):
    protocol = PROTOCOLS['asl']
    text = text_of(*cases('unknown'), NAMES, protocol)
    lines = text.splitlines()
    assert lines[6].split() == ['f', '0', *5 * '-']
    assert '0 of 7 labels have no positive image' in lines[8]
    assert lines[9] == '1 labels of which nothing is known count nowhere.'


def test_of_what_is_unknown_an_ap_of_zero_is_not_said_where_it_counts_as_absent(cases):
    protocol = protocol_of('asl', unknown='negative')
    scores, targets = cases('unknown')
    targets[:, 2] = 0
    lines = text_of(scores, targets, NAMES, protocol).splitlines()
    assert lines[6].split()[:4] == ['f', '0', '-', '0.00']
    assert '1 of 7 labels have no positive image and count as AP 0' in lines[8]
    assert lines[9] == '1 labels of which nothing is known are left out of mAP.'
    known = np.delete(np.arange(7), 5)
    ap = [row.ap for row in label_table(scores, targets, NAMES, protocol)]
    numbers = evaluate(scores, targets, protocol)
    assert numbers['mAP'] == pytest.approx(np.nan_to_num(np.take(ap, known)).mean())


def test_markdown_has_a_line_per_label():
    rows = [
        ComparisonRow('sea', 5, (90.04, 80.0)),
        ComparisonRow('street lamp', 2, (50.0, 30.0)),
        ComparisonRow('moon', 0, (np.nan, 10.0)),
    ]
    assert format_comparison(rows, ['MVLR', 'baseline']).splitlines() == [
        '| label       | support | MVLR | baseline |',
        '| ----------- | ------: | ---: | -------: |',
        '| sea         |       5 | 90.0 |     80.0 |',
        '| street lamp |       2 | 50.0 |     30.0 |',
        '| moon        |       0 |    - |     10.0 |',
    ]


def test_names_of_any_script_and_length_line_up(cases):
    scores, targets = cases('random')
    names = ['猫', 'ß', 'cafe\u0301', 'a\nb', 'US$ or A$', 'q' * 200, '\x1b[31m']
    protocol = PROTOCOLS['mlgcn']
    text = text_of(scores, targets, names, protocol)
    lines = text.splitlines()
    assert len({cell_len(line) for line in lines[:8]}) == 1
    assert cell_len(lines[0]) < 100
    assert r'a\nb ' in lines[4]
    assert lines[6].startswith('qqqqqqqqqqqqqqqqqqqqqqqq…q')
    assert lines[7].startswith(r'\x1b[31m ')


def test_markdown_shows_names_as_they_are():
    names = ['x^{2}$\\frac$', 'a|b', '<b>', 'cat_dog', '猫', 'a\nb']
    rows = [ComparisonRow(name, 1, (50.0,)) for name in names]
    lines = format_comparison(rows, ['M|1']).splitlines()
    assert len({cell_len(line) for line in lines}) == 1
    assert lines[0].startswith(r'| label ')
    assert r'M\|1' in lines[0]
    shown = [line.split(' | ')[0].removeprefix('| ').strip() for line in lines[2:]]
    assert shown == [
        r'x^\{2\}\$\\frac\$',
        r'a\|b',
        r'\<b\>',
        r'cat\_dog',
        '猫',
        r'a\\nb',
    ]
