import csv

import numpy as np
import pytest

from mvlr_mm.visualization import format_label_table, label_rows, write_label_csv

NAMES = ['sea', 'street lamp', 'moon']
RESULTS = {
    'MVLR': np.array([90.04, 50.0, np.nan]),
    'baseline': np.array([80.0, 30.0, 10.0]),
}


@pytest.fixture
def rows():
    return label_rows(NAMES, [5, 2, 0], RESULTS)


def test_mean_leaves_labels_without_ap_out(rows):
    name, support, means = rows[-1]
    assert (name, support) == ('mean', 7)
    assert means == pytest.approx((70.02, 40.0))


def test_markdown_has_a_line_per_label(rows):
    assert format_label_table(rows, list(RESULTS)).splitlines() == [
        '| label       | support | MVLR | baseline |',
        '| ----------- | ------: | ---: | -------: |',
        '| sea         |       5 | 90.0 |     80.0 |',
        '| street lamp |       2 | 50.0 |     30.0 |',
        '| moon        |       0 |    - |     10.0 |',
        '| mean        |       7 | 70.0 |     40.0 |',
    ]


def test_csv_keeps_every_digit(rows, tmp_path):
    write_label_csv(tmp_path / 'table.csv', rows, list(RESULTS))
    with open(tmp_path / 'table.csv', newline='') as file:
        read = list(csv.DictReader(file))
    assert [row['label'] for row in read] == [*NAMES, 'mean']
    assert read[0] == {
        'label': 'sea',
        'support': '5',
        'MVLR': '90.04',
        'baseline': '80.0',
    }
    assert read[2]['MVLR'] == ''


def test_a_column_of_another_length_is_named():
    with pytest.raises(ValueError, match="'MVLR' has 2 values for 3 names"):
        label_rows(NAMES, [1, 1, 1], {'MVLR': np.zeros(2)})
