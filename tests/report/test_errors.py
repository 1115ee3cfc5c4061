from mvlr_mm.report import errors


def test_pairs_and_map_show_what_is_taken_for_what(tested):
    html = errors.errors(tested)
    pairs, matrix = html.split('Which label is missed where another is wrong')
    assert '<td>2</td><td>0.3</td>' in pairs  # 2 of each in 12 pictures
    assert pairs.count('None.') == 2
    tip = '&lt;script&gt;alert(1)&lt;/script&gt; missed, a &amp; b wrong: 2'
    assert f'title="{tip}" style="--v:1.00">2<' in matrix


def test_a_map_of_many_labels_keeps_those_with_errors(tested, monkeypatch):
    monkeypatch.setattr(errors, 'MOST', 2)
    html = errors.errors(tested)
    assert 'The 2 labels with the most errors' in html
    assert 'never there' not in html
