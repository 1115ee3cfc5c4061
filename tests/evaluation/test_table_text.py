import numpy as np

from mvlr_mm.evaluation.label_table import ComparisonRow, label_table
from mvlr_mm.evaluation.protocols import PROTOCOLS, protocol_of
from mvlr_mm.evaluation.table_text import format_comparison, format_table

NAMES = ['cat', 'traffic light', 'café', 'd', 'e', 'f', 'g']


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
