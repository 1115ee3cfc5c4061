from mvlr_mm.paper import TABLES, Numbers
from mvlr_mm.paper.measured import Measured
from mvlr_mm.paper.side_by_side import side_by_side


def cells(line):
    return [cell.strip() for cell in line.strip('|').split('|')]


def test_own_numbers_stand_beside_the_papers_and_empty_rows_stay_empty():
    rows = (
        ({}, Numbers(70.0, 60.125, 50.0), 3),
        ({'model.neck.interaction.order': 'F'}, Numbers(1.0, 2.0, 3.0), 1),
    )
    text = side_by_side('5', [Measured('my_set', rows), Measured('other', ())])
    heading, _, header, _, *body = text.splitlines()
    assert heading == 'Table 5, scanning order of QMVL'
    assert cells(header)[3:] == [r'here: my\_set (seeds)', 'here: other (seeds)']
    found = {cells(line)[0]: cells(line)[1:] for line in body if '|' in line}
    assert found['P-FB-S2'][:2] == ['88.5 82.8 84.4', '67.3 64.9 75.5']
    assert found['P-FB-S2'][2:] == ['70.00 60.12 50.00 (3)', '']
    assert found['F'][2] == '1.00 2.00 3.00 (1)'
    assert found['O-FB'][2:] == ['', '']


def test_notes_and_unprinted_numbers():
    text = side_by_side('figure6', [])
    assert text.endswith(f'- Figure 6: {TABLES["figure6"].note}\n')
    assert cells(text.splitlines()[4]) == ['0', '', '']
