import math
import re

import pytest

from mvlr_mm.config.override_values import read_value


@pytest.mark.parametrize(
    ('word', 'value'),
    [
        ('5', 5),
        ('-1', -1),
        ('1e-4', 1e-4),
        ('.5', 0.5),
        ('1_000', 1000),
        ('inf', math.inf),
        ('-inf', -math.inf),
        ('None', None),
        ('True', True),
        ('False', False),
        ('true', True),
        ('false', False),
        ('[]', []),
        ('[1, 2]', [1, 2]),
        ('(1, 2)', (1, 2)),
        ('(1,)', (1,)),
        ('["a, b", "c"]', ['a, b', 'c']),
        ("{'type': 'IFM', 'x': [1, (2, None)]}", {'type': 'IFM', 'x': [1, (2, None)]}),
        ('"5"', '5'),
        ("'a, b'", 'a, b'),
        # texts, as they stand
        ('', ''),
        ('a', 'a'),
        ('An aerial picture of {}.', 'An aerial picture of {}.'),
        ('A photo, with {}.', 'A photo, with {}.'),
        (' spaces  stay ', ' spaces  stay '),
        ('/my photos/a,b/x (1).pth', '/my photos/a,b/x (1).pth'),
        ('007', '007'),
        ('1e5x', '1e5x'),
        ('none', 'none'),
        ('2*3', '2*3'),
        ("dog's", "dog's"),
        ('back\\slash', 'back\\slash'),
        ('猫', '猫'),
        # lists without quotes, as mmengine took them
        ('[a,b]', ['a', 'b']),
        (
            '[traffic light, "a, b", 3, [c, (d, None)]]',
            ['traffic light', 'a, b', 3, ['c', ('d', None)]],
        ),
        ('(a,)', ('a',)),
    ],
)
def test_in_the_place_of_nothing(word, value):
    for found in (read_value(word), read_value(word, None)):
        assert found == value
        assert type(found) is type(value)


@pytest.mark.parametrize(
    ('word', 'before', 'value'),
    [
        # braces of a template are no dict
        ('{}', 'This photo contains {}.', '{}'),
        ('({})', 'This photo contains {}.', '({})'),
        ('[{}]', 'a', '[{}]'),
        ('1, 2, {}', 'a', '1, 2, {}'),
        ("'{}'", 'a', '{}'),
        ('(a photo of) {}', 'a', '(a photo of) {}'),
        ('[a, b', 'a', '[a, b'),
        ('a,b', 'a', 'a,b'),
        ('1,2', 'a', '1,2'),
        ('["cat", "dog"]', 'classes.json', ['cat', 'dog']),
        ('0.5', 'thresholds.json', 0.5),
        ('None', 'openai', None),
        # the form of a list in the config
        ('a,b', ['x'], ['a', 'b']),
        ('a', ['x'], ['a']),
        ('traffic light, sea', ['x'], ['traffic light', 'sea']),
        ('448,448', (1, 1), (448, 448)),
        ('0.9,0.99', [0.1], [0.9, 0.99]),
        ('[1, 2]', (1, 1), [1, 2]),
        ('None', [1], None),
        ('5', [1], 5),
    ],
)
def test_in_the_place_of_something(word, before, value):
    found = read_value(word, before)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize('word', ['[a, b', '{a: 1}', '{a}', '(a', '[1,2)'])
@pytest.mark.parametrize('before', [None, ['x'], 3, {'a': 1}])
def test_what_begins_like_a_list_has_to_be_one(word, before):
    with pytest.raises(ValueError, match='begins like a list, tuple or dict, but'):
        read_value(word, before)


def test_nan_is_a_number():
    assert math.isnan(read_value('nan'))


@pytest.mark.parametrize(
    'word', ['no', 'Yes', 'off', 'FALSE', 'Tru', 'flase', 'ture', 'N']
)
def test_a_text_that_sounds_like_a_bool_is_none(word):
    """As a text each of them would be true."""
    with pytest.raises(ValueError, match=f"'{word}' must be True or False, in the pl"):
        read_value(word, False)
    assert read_value(word, 'a text') == word


@pytest.mark.parametrize(
    ('word', 'value'),
    [('False', False), ('2', 2), ('None', None), ('auto', 'auto'), ('a.pth', 'a.pth')],
)
def test_in_the_place_of_a_bool(word, value):
    assert read_value(word, True) == value


@pytest.mark.parametrize(
    'word', ['0,001', '1,5', '1.000,5', "1'000", '1 000', '1,5e-3']
)
@pytest.mark.parametrize('before', [0.01, 30])
def test_a_number_as_other_languages_write_it_is_refused(word, before):
    message = f'{word!r} must be a number as Python writes it, in the place of {before}'
    with pytest.raises(ValueError, match=re.escape(message)):
        read_value(word, before)


@pytest.mark.parametrize('word', ['thresholds.json', '2026.json', '1,5.json', 'auto'])
def test_a_text_in_the_place_of_a_number_stays(word):
    assert read_value(word, 0.5) == word
