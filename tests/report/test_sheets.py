import re

import numpy as np

from mvlr_mm.report.pictures import Thumbnails
from mvlr_mm.report.sheets import sheets


def sheet(html, name):
    return next(x for x in html.split('<details>') if f'<b>{name}</b>' in x)


def test_the_surest_mistakes_come_first(tested):
    html = sheets(tested, Thumbnails(16), 1, None)
    wrong = sheet(html, 'a &amp; b')
    assert '2 wrong, 0 missed<' in wrong
    assert 'wrong: 2' in wrong
    assert re.findall('<figcaption>(.*?)<', wrong) == ['0.80']  # 0.70 is the other
    missed = sheet(html, '&lt;script&gt;alert(1)&lt;/script&gt;')
    assert re.findall('<figcaption>(.*?)<', missed) == ['0.10']


def test_suspects_among_the_mistakes_are_marked_and_the_others_follow(tested):
    suspects = [np.array([7, 0, 3]), *[np.zeros(0, int)] * 3]
    html = sheets(tested, Thumbnails(16), 1, suspects)
    one = sheet(html, '&lt;script&gt;alert(1)&lt;/script&gt;')
    assert '3 suspected label errors' in one
    mistakes, there, absent = re.split('more that are', one)
    assert '0.10 <b>label?</b><' in mistakes
    assert there.startswith(' labelled and maybe not there: 1<')
    assert f'{tested.scores[3, 0]:.2f} <b>label?</b>' in there
    assert absent.startswith(' not labelled and maybe there: 1<')
    assert f'{tested.scores[7, 0]:.2f} <b>label?</b>' in absent


def test_without_cleanlab_the_page_says_what_is_missing(tested):
    html = sheets(tested, Thumbnails(16), 6, None)
    assert 'pip install "mvlr_mm[report]"' in html
    assert 'suspected label errors<' not in html
    assert 'label?' not in html
