import numpy as np

from mvlr_mm.report.elements import bar, label, matrix, percent, section, table, text


def test_nothing_of_the_data_acts():
    assert text('<b>"x"&') == '&lt;b&gt;&quot;x&quot;&amp;'
    assert text('a\u202eb\n') == 'a\\u202eb\\n'
    assert '<b>' not in label('<b>' * 30) + section('<b>', '') + label('<b>')


def test_long_names_keep_their_ends_and_a_tooltip():
    name = 'first' + 'x' * 60 + 'last'
    shown = label(name)
    assert f'title="{name}"' in shown
    assert 'first' in shown
    assert 'last</span>' in shown
    assert '…' in shown
    assert label('short') == 'short'


def test_a_number_that_is_none_is_a_dash_and_no_bar():
    assert percent(np.nan) == '-'
    assert percent(12.34) == '12.3'
    assert 'width:0.0%' in bar(np.nan)
    assert 'width:12.3%' in bar(12.34)


def test_tables_hold_their_cells_in_order():
    found = table(['a', 'b'], [['1', '2'], ['3', '4']], 'bars')
    cells = [x.split('</td>')[0] for x in found.split('<td>')[1:]]
    assert cells == ['1', '2', '3', '4']
    assert 'class="bars"' in found


def test_the_largest_number_of_a_matrix_is_the_darkest():
    values = np.array([[np.nan, 4.0], [2.0, 0.0]])
    tips = [['', 'A <to> B'], ['B to A', 'B to B']]
    found = matrix(['A', 'B'], values, '.0f', tips, 'rows')
    assert found.count('class="none"') == 1
    assert '--v:1.00">4</td>' in found
    assert '--v:0.50">2</td>' in found
    assert '--v:0.00"></td>' in found
    assert 'A &lt;to&gt; B' in found


def test_a_matrix_of_nothing_has_no_colour():
    assert '--v' not in matrix(['A'], np.full((1, 1), np.nan), '.0f', [['']], '')
