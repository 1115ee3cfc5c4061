import json

import pytest

from mvlr_mm.datasets.checking.problems import RAISED, CollectedProblems
from mvlr_mm.datasets.formats.json_lists import (
    is_json,
    read_json_array,
    read_json_lines,
)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (dict(images=[], annotations=[], categories=[]), 'which COCOMultiLabel reads'),
        (dict(data_list=[], metainfo={}), 'which MultiLabelDataset reads'),
        (dict(a=1, b=2), r"a json array of records, not an object with \['a', 'b'\]"),
        ('text', 'a json array of records, not str'),
        (['a.jpg'], r'a.json: record 0 must be a json object with .*, not str'),
    ],
)
def test_another_top_level_is_no_empty_list(content, message):
    with pytest.raises(ValueError, match=message):
        list(read_json_array(json.dumps(content), 'a.json', RAISED))


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        (
            '{"image": "a", "labels": ["x"], "labels": []}',
            "the key 'labels' occurs twice",
        ),
        (
            '{"image": "a", "labels": [], "absents": []}',
            "'absents' is not read, and looks",
        ),
        (
            '{"image": "a", "labels": [], "Unknown": []}',
            "'Unknown' is not read, and look",
        ),
        ('{"image": "a", "label": ["x"]}', r"a:1 has no key 'labels'"),
        ('[' * 100_000, 'a:1 is not valid json'),
        ('{"image": "a", "labels": [' + '9' * 5000 + ']}', 'a:1 is not valid json'),
    ],
)
def test_what_is_not_understood(line, message):
    with pytest.raises(ValueError, match=message):
        list(read_json_lines(line, 'a', RAISED))


def test_keys_that_are_not_read_are_said():
    problems = CollectedProblems()
    lines = [
        '{"image": "a", "labels": [], "id": 1}',
        '{"image": "b", "labels": [], "x": 1}',
    ]
    assert len(list(read_json_lines('\n'.join(lines), 'a', problems))) == 2
    (note,) = problems.notes
    assert note == "a: 'id', 'x' not read, only image, labels, absent, unknown."


@pytest.mark.parametrize(
    ('text', 'wanted'),
    [
        ('[{"image": "a"}]', True),
        ('\n{"image": "a"}\n{"image": "b"}', True),
        ('[\n1,\n2]', True),
        ('[1] a.jpg cat', False),
        ('a.jpg [cat]', False),
        ('', False),
    ],
)
def test_what_is_json(text, wanted):
    assert is_json(text) == wanted
