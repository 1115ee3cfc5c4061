import numpy as np
import pytest

from mvlr_mm.datasets.scenes.layout import Layout, Place
from mvlr_mm.datasets.scenes.painter import paint


def _seen(*places, shore=0.4):
    layout = Layout('coast', 'day', 0.4, shore, places)
    _, seen = paint(layout, 128, np.random.default_rng(0))
    return seen


def test_box_lies_around_the_thing():
    (house,) = _seen(Place('house', x=0.5, foot=0.9, side=0.4))
    x, y, width, height = house.bbox
    assert house.name == 'house'
    assert abs(x + width / 2 - 64) < 6
    assert abs(y + height - 0.9 * 128) < 6
    assert 35 < height < 60
    assert 0.4 * width * height < house.area < width * height


def test_a_hidden_thing_is_not_seen():
    flower = Place('flower', x=0.5, foot=0.85, side=0.08)
    house = Place('house', x=0.5, foot=0.9, side=0.5)
    assert {t.name for t in _seen(flower)} == {'flower'}
    assert {t.name for t in _seen(flower, house)} == {'house'}


def test_the_ground_hides_what_is_below_the_horizon():
    (mountain,) = _seen(Place('mountain', x=0.5, foot=0.42, side=0.4))
    horizon = round(0.4 * 128)
    assert mountain.bbox[1] + mountain.bbox[3] == horizon


@pytest.mark.parametrize(('shore', 'expected'), [(0.4, []), (0.7, ['sea'])])
def test_sea_lies_between_horizon_and_shore(shore, expected):
    seen = _seen(shore=shore)
    assert [t.name for t in seen] == expected
    for sea in seen:
        assert sea.bbox == (0, 51, 128, 39)
        assert sea.area == 128 * 39


def test_night_is_darker_than_day():
    places = (Place('house', 0.5, 0.9, 0.4),)
    means = [
        np.asarray(
            paint(Layout('town', time, 0.4, 0.4, places), 64, np.random.default_rng(1))[
                0
            ]
        ).mean()
        for time in ('day', 'night')
    ]
    assert means[1] < 0.7 * means[0]
