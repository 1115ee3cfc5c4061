import copy
import csv
import io

import pytest
from benchmarks.accuracy.pages import csv_text, page

NUMBERS = dict(mAP=60.0, CF1=50.0, OF1=40.0)
FIRST = dict(
    name='names',
    config='full.py',
    overrides={},
    setting=dict(lr=1e-3, weight_decay=0.01),
    tuned_as=None,
    tries=[
        {'lr': 1e-3, 'weight_decay': 0.01, 'val mAP': 61.234},
        {'lr': 1e-2, 'weight_decay': 0.01, 'val mAP': None},
    ],
    seeds={'0': NUMBERS, '1': {**NUMBERS, 'mAP': 62.0}},
    spread={
        'mAP': dict(mean=61.0, deviation=1.414),
        'CF1': dict(mean=50.0, deviation=0.0),
        'OF1': dict(mean=40.0, deviation=None),
    },
    above=dict(by_seed={'0': 0.0, '1': 0.0}, mean=0.0, low=0.0, high=0.0),
    cost=dict(parameters=2_500_000, multiply_adds=30_000_000, ms=4.0, reference_ms=4.0),
    trained=1_200_000,
    seconds=[10.0, 13.0],
    differs=[],
)
SECOND = {
    **FIRST,
    'name': 'a_b',
    'above': dict(by_seed={'0': 1.0, '1': -0.5}, mean=0.25, low=-9.28, high=9.78),
    'differs': ['model.backbone.type'],
}
EMPTY = {
    **FIRST,
    'name': 'empty',
    **dict(setting=None, tries=[], seeds={}, spread={}, above=None, cost=None),
    **dict(trained=None, seconds=[]),
}


@pytest.fixture
def content():
    return copy.deepcopy(
        dict(
            command='python x.py',
            machine=dict(
                cpu='a CPU', cores=2, gpu=None, threads=1, versions=dict(torch='2')
            ),
            reference='names',
            budget=10,
            seeds=[0, 1],
            rates=[1e-3, 1e-2],
            decays=[0.01, 0.1],
            tries=3,
            data=dict(name='mine', train=5, val=6, test=7, labels=2),
            rows=[FIRST, SECOND, EMPTY],
        )
    )


def line(text, start):
    (found,) = (line for line in text.splitlines() if line.startswith(start))
    return [cell.strip() for cell in found.strip('|').split('|')]


def section(text, heading):
    return text.split(f'\n## {heading}\n')[1].split('\n## ')[0]


def test_results_have_mean_spread_and_the_paired_difference(content):
    text = page(content, ['accuracy.png']).split('\n## ')[0]
    numbers = ['61.00 ± 1.41', '50.00 ± 0.00', '40.00']
    assert line(text, '| names ') == ['names', '2', *numbers, '', '']
    above = '+0.25 (-9.28 to +9.78)'
    assert line(text, r'| a\_b ') == [r'a\_b', '2', *numbers, above, '+1.00, -0.50']
    assert line(text, '| empty ') == ['empty', *[''] * 6]
    assert "Student's t interval, 95 %" in text
    assert '5 train, 6 val, 7 test, 2 labels. 10 epochs, seeds 0, 1.' in text
    assert '![accuracy.png](accuracy.png)' in text
    assert '`python x.py`' in text


def test_what_was_tuned_is_told_with_every_try(content):
    text = section(page(content, []), 'Tuned on val')
    tries = '0.001, 0.01: 61.23; 0.01, 0.01: failed'
    assert line(text, '| names ') == ['names', '0.001', '0.01', tries]
    assert line(text, '| empty ') == ['empty', '', '', '']
    assert '3 tries for each system: the rates 0.001, 0.01 with the decay 0.01' in text
    assert r'lowest or highest that was tried: names, a\_b.' in text
    content['rows'][1] |= dict(tries=[], tuned_as='names')
    text = section(page(content, []), 'Tuned on val')
    assert line(text, r'| a\_b ') == [r'a\_b', '0.001', '0.01', 'as names']
    assert 'lowest or highest that was tried: names.' in text
    content['tries'] = 0
    assert 'Nothing was tuned' in page(content, [])


def test_cost_stands_beside(content):
    text = section(page(content, []), 'Cost')
    assert line(text, '| names ') == [
        *('names', '2.50', '1.200', '0.03', '4.0', '4.0', '12'),
    ]
    assert line(text, '| empty ') == ['empty', *[''] * 6]


def test_what_is_not_the_same_for_all_is_told(content):
    text = section(page(content, []), 'Not the same for all')
    assert text.strip() == r'- a\_b differs from names in `model.backbone.type`.'
    content['rows'] = [FIRST, EMPTY]
    assert 'Not the same' not in page(content, [])


def test_csv_has_a_line_for_each_run(content):
    rows = list(csv.DictReader(io.StringIO(csv_text(content['rows']))))
    assert [(row['row'], row['seed'], row['mAP']) for row in rows] == [
        ('names', '0', '60.0'),
        ('names', '1', '62.0'),
        ('a_b', '0', '60.0'),
        ('a_b', '1', '62.0'),
    ]
    assert rows[0]['lr'] == '0.001'
    assert rows[0]['multiply_adds'] == '30000000'
