import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from mvlr_mm.page.bars import MOST, SHOWN, bars, failure
from mvlr_mm.page.tagger import Look


def look(names, scores, thresholds, own=None):
    return Look(
        names=tuple(names),
        own=len(names) if own is None else own,
        scores=np.array(scores, np.float32),
        thresholds=np.array(thresholds, np.float64),
        picture=Image.new('RGB', (4, 4)),
    )


def rows(html):
    """Return (name, is a tag, name shown, width, mark, number) of each bar."""
    found = re.findall(
        r'class="score( tag)?" data-label="(.*?)".*?class="name">(.*?)</span>'
        r'<span class="rail"><b style="width:(.*?)%"></b>'
        r'(?:<i style="left:(.*?)%"></i>)?</span><span class="number">(.*?)</span>',
        html,
    )
    return [(name, bool(tag), *rest) for tag, name, *rest in found]


def test_tags_come_first_and_each_threshold_is_marked():
    html = bars(look(['cat', 'dog', 'sea'], [0.3, 0.6, 0.9], [0.25, 0.7, 0.95]))
    assert rows(html) == [
        ('cat', True, 'cat', '30.0', '25.0', '0.30'),
        ('sea', False, 'sea', '90.0', '95.0', '0.90'),
        ('dog', False, 'dog', '60.0', '70.0', '0.60'),
    ]
    assert '1 tag of 3 labels' in html


def test_a_score_that_is_its_threshold_is_a_tag():
    score = float(np.float32(0.3))
    assert rows(bars(look(['a'], [0.3], [score])))[0][1]


def test_a_threshold_beyond_all_scores_has_no_mark():
    assert rows(bars(look(['a'], [0.3], [np.inf])))[0][4] == ''


def test_what_is_far_below_is_folded_away():
    many = MOST + 10
    scores = np.linspace(0.4, 0, many)
    html = bars(look([f'n{i}' for i in range(many)], scores, [0.5] * many))
    open_part, folded = html.split('<details>')
    assert len(rows(open_part)) == SHOWN
    assert len(rows(folded)) == MOST - SHOWN
    assert f'{many - SHOWN} more, of which the best' in folded
    assert '<details>' not in bars(look(['a'] * SHOWN, [0] * SHOWN, [1] * SHOWN))


def test_a_model_that_predicts_thousands_makes_no_page_of_them_all():
    names = [f'n{i}' for i in range(MOST + 30)]
    html = bars(look(names, np.linspace(1, 0.5, len(names)), [0.5] * len(names)))
    assert [name for name, *_ in rows(html)] == names[:MOST]
    assert f'{MOST + 30} tags of' in html
    assert 'and 30 tags more' in html


def test_added_labels_stand_apart():
    html = bars(look(['cat', 'dog', 'car'], [0.1, 0.2, 0.9], [0.5] * 3, own=2))
    trained, added = html.split('Added by name; on no common scale')
    assert [row[0] for row in rows(trained)] == ['dog', 'cat']
    assert [row[:2] for row in rows(added)] == [('car', True)]
    assert '0 tags of 2 labels' in html
    scaled = replace(look(['a', 'b'], [0, 0], [1, 1], own=1), scaled=True)
    assert 'brought to the scale' in bars(scaled)


@pytest.mark.parametrize('name', ['<img src=x onerror=alert(1)>', '"><script>', '${1}'])
def test_nothing_of_a_name_acts(name):
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: tags.append(tag)
    parser.feed(bars(look([name], [0.9], [0.5])) + failure(ValueError(name)))
    assert tags == ['div', 'p', 'div', 'span', 'span', 'b', 'i', 'span', 'p']
