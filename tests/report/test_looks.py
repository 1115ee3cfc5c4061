import base64
import re
import tracemalloc
from types import SimpleNamespace

import cv2
import numpy as np

from mvlr_mm.apis.explain import Explanation
from mvlr_mm.report.looks import looks, pick, relation

HOSTILE = '&lt;script&gt;alert(1)&lt;/script&gt; 0.20'


def seen(**more):
    return Explanation('x.png', np.zeros((16, 16, 3), np.uint8), **more)


def test_pictures_in_which_most_is_found_are_picked(tested):
    found = (tested.decisions.actual & tested.decisions.predicted).sum(1)
    assert min(found[pick(tested, 3)]) >= sorted(found)[-3]
    assert len(set(pick(tested, 99))) == 12


def test_each_map_is_drawn_for_the_surest_labels(tested):
    maps = np.full((4, 2, 2), 0.25)
    html = looks(tested, [0], [seen(similarity=maps, attention=maps)])
    assert html.count('<img') == 1 + 2 * 2
    assert html.count('dog 0.90') == html.count('a &amp; b 0.80') == 2
    assert looks(tested, [0], [seen(similarity=maps)]).count('<img') == 1 + 2


def test_heat_is_warm_where_the_label_is(tested):
    maps = np.full((4, 1, 2), -9.0)
    maps[1, 0, 1] = 9.0  # dog, on the right
    html = looks(tested, [0], [seen(similarity=maps)])
    data = re.findall('base64,([^"]+)"', html)[1]
    pixels = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), 1)
    blue, _, red = pixels[8, 15].astype(int)
    assert red > blue + 100
    assert pixels[8, 0].max() < 40


def test_labels_that_are_there_or_predicted_are_drawn_first(tested):
    maps = np.full((4, 2, 2), 0.25)
    html = looks(tested, [1], [seen(attention=maps)])  # 0 missed, 2 wrong
    assert re.findall('<figcaption>(.*?) ', html) == ['a', HOSTILE.split()[0]]


def test_what_a_model_has_no_part_for_is_said(tested):
    assert 'scores no patches' in looks(tested, [0], [seen()])
    assert 'gives no map of its labels' in relation(tested, [seen()])


def test_the_relation_is_the_mean_over_pictures(tested):
    first, second = np.eye(4), np.full((4, 4), 0.25)
    html = relation(tested, [seen(relation=first), seen(relation=second)])
    assert 'mean of 2 pictures' in html
    assert '25.0 is even' in html
    assert 'dog attends to dog: 62.5 %' in html
    assert 'dog attends to a &amp; b: 12.5 %' in html


def test_the_maps_of_many_labels_are_not_laid_side_by_side():
    count, pictures = 1000, 20
    rows = [SimpleNamespace(support=i) for i in range(count)]
    many = SimpleNamespace(rows=rows, names=[f'n{i}' for i in range(count)])
    one = np.zeros((count, count), np.float32)
    one[999, 998] = 0.5
    tracemalloc.start()
    html = relation(many, [seen(relation=one)] * pictures)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 'n999 attends to n998: 50.0 %' in html
    assert peak < 2 * one.nbytes  # beside each other: 20 times that


def test_without_pictures_nothing_is_said_of_the_model(tested):
    for html in (looks(tested, [], []), relation(tested, [])):
        assert 'None of the pictures could be read' in html
        assert 'IFM' not in html
