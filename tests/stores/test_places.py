import pytest

from mvlr_mm.stores.places import Places


def test_a_key_has_its_place_in_the_list():
    keys = [f'/pictures/{i}.jpg' for i in range(100)] + ['/é.jpg', '/\udcff.jpg']
    places = Places(keys)
    assert [places[key] for key in keys] == list(range(102))
    for other in ('/pictures/100.jpg', ''):
        with pytest.raises(KeyError):
            places[other]
    with pytest.raises(KeyError):
        Places([])['a']


def test_a_key_that_comes_twice_is_refused():
    with pytest.raises(ValueError, match='the same path'):
        Places(['a', 'b', 'a'])
