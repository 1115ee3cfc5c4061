import pytest
from benchmarks.accuracy.rows import Row, chosen_rows

from mvlr_mm.paper import TABLES


def test_configs_come_first_and_a_model_of_several_tables_once():
    rows = chosen_rows(['a/peer.py'], ['4', '5'], 'full.py')
    assert rows[0] == Row('peer', 'a/peer.py')
    assert [row.name for row in rows[1:7]] == [f'4: {r.name}' for r in TABLES['4'].rows]
    assert [row.name for row in rows[7:]] == ['5: F', '5: O-FB', '5: P-FB-S1']
    assert rows[7].overrides == {'model.neck.interaction.order': 'F'}


def test_the_full_model_of_a_table_is_its_config():
    rows = chosen_rows(['x/full.py', 'peer.py'], ['6'], 'x/full.py')
    names = [row.name for row in rows]
    assert names == ['full', 'peer', '6: cross-attention', '6: self-attention']


@pytest.mark.parametrize(
    ('configs', 'full'), [(['full.py'], 'full'), ([], '6: QMVL')], ids=['config', 'row']
)
def test_other_values_of_the_same_parts_train_as_the_full_model(configs, full):
    rows = chosen_rows(configs, ['6', '10', '4'], 'full.py')
    tuned_as = {row.name: row.tuned_as for row in rows}
    assert tuned_as['10: 0.2'] == full
    # other parts are models of their own
    itself = [full, '6: cross-attention', '4: names']
    assert [tuned_as[name] for name in itself] == [None] * 3
    assert full in tuned_as


def test_two_files_of_one_name_are_refused():
    with pytest.raises(ValueError, match=r'two configs are named a, last y/a\.py'):
        chosen_rows(['x/a.py', 'y/a.py'], [], 'full.py')


def test_nothing_to_compare():
    with pytest.raises(ValueError, match='give --configs or --tables'):
        chosen_rows([], [], 'full.py')
