import re

import numpy as np

from mvlr_mm.datasets.scenes.captions import (
    FEWEST_NAMED,
    MOST_NAMED,
    write_captions,
)

THINGS = ['boat', 'sea', 'umbrella', 'sheep', 'sheep', 'sheep', 'boat', 'sun', 'car']
THINGS += ['tree', 'bird']


def captions(count=200):
    rng = np.random.default_rng(0)
    return write_captions(THINGS, 'coast', 'night', count, rng)


def test_name_a_few_of_the_things_and_nothing_else():
    counts = {
        sum(bool(re.search(rf'\b{t}s?\b', text)) for t in set(THINGS))
        for text in captions()
    }
    assert counts == set(range(FEWEST_NAMED, MOST_NAMED + 1))
    assert len(set(THINGS)) > MOST_NAMED
    assert not any('lighthouse' in text for text in captions())


def test_articles_and_plurals_are_right():
    text = ' | '.join(captions())
    assert 'an umbrella' in text
    assert 'a umbrella' not in text
    assert 'the sea' in text
    assert 'seas' not in text
    assert 'two boats' in text
    assert 'some sheep' in text
    assert 'sheeps' not in text


def test_same_seed_same_sentences():
    assert captions() == captions()
    assert len(set(captions())) > 50


def test_empty_place():
    rng = np.random.default_rng(0)
    assert 'an empty place' in write_captions([], 'coast', 'day', 1, rng)[0]
