import numpy as np

from mvlr_mm.report.overview import head


def test_the_numbers_and_the_worst_are_at_the_top(tested):
    html = head(tested, 'a.pth', [np.arange(2), np.arange(1)])
    assert 'a.pth on 12 pictures and 4 labels' in html
    assert f'<b>{tested.numbers["mAP"]:.1f}</b>mAP' in html
    assert 'top3' not in html
    weakest = html.split('Lowest average precision')[1]
    assert weakest.index('script') < weakest.index('dog')
    assert 'never there' not in html
    there = (tested.targets == 1).sum()
    assert f'Of {there} labels that are there, 2 are' in html
    assert 'where <b>a &amp; b</b> is, in 2 pictures' in html
    assert '3 labels of the data are suspected to be wrong' in html
    assert 'suspected' not in head(tested, 'a.pth', None)
