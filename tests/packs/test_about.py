import copy
import json
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from mvlr_mm.packs import build, read_pack
from mvlr_mm.packs.about import About


@pytest.fixture(scope='module')
def content(packed):
    return json.loads((packed / 'pack.json').read_text())


def test_what_is_written_is_read(packed):
    written = (packed / 'pack.json').read_bytes()
    assert About.from_json(written).to_json() == written


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('', 'Expecting value'),
        ('[]', "its 'format' is not"),
        ('{"format": "mvlr-pack-2"}', 'newer version'),
        ('{"format": "mvlr-pack-1"}', "it lacks 'classes'"),
        ('[' * 100_000, 'nested too deeply'),
        ('{"a": ' * 100_000, 'nested too deeply'),
        ('{"format": 1, "format": 2}', 'the same key twice'),
        ('{"format": NaN}', 'NaN is no number'),
        ('{"format": ' + '9' * 10_000 + '}', 'digits'),
        ('\udc80', 'utf-8'),
    ],
)
def test_what_is_no_description(text, reason):
    with pytest.raises(ValueError, match=reason):
        About.from_json(text.encode('utf-8', 'surrogateescape'))


@pytest.mark.parametrize(
    ('key', 'value', 'reason'),
    [
        ('classes', [], 'classes is empty'),
        ('classes', ['cat', 'cat', 'boat'], 'occurs twice'),
        ('classes', 'coco', r"classes \('coco'\) is wrong"),
        ('classes', [1, 2, 3], 'must be a name'),
        ('model', None, r'model \(None\) is wrong'),
        ('model', {'depth': 18}, 'model has no type'),
        ('pipeline', {'type': 'PackInputs'}, 'pipeline .* is wrong'),
        ('pipeline', [{'type': 'ResNet'}], "the type 'ResNet' is not among"),
        ('text', 1, 'text .* is wrong'),
        ('templates', {'prompt': 1}, 'templates .* is wrong'),
        ('thresholds', {'cat': 0.5}, 'must be for the labels'),
        ('thresholds', {'cat': 'a', 'traffic light': 1, 'boat': 1}, 'is wrong'),
        ('temperatures', {'cat': 0, 'traffic light': 1, 'boat': 1}, 'is wrong'),
        ('protocol', {'name': 'unheard'}, 'protocol'),
        ('protocol', {'name': 'asl', 'colour': 1}, 'no field of a protocol'),
        ('metrics', {'mAP': 'high'}, 'metrics .* is wrong'),
        ('metrics', {'mAP': 10**400}, 'metrics .* is wrong'),
        ('model', {'type': 'SimilarityHead', 'scale': 10**400}, 'too large a number'),
        ('licence', 3, 'licence .* is wrong'),
        ('hook', 'os.system', "unknown 'hook'"),
    ],
)
def test_values_that_a_field_cannot_have(content, key, value, reason):
    text = json.dumps({**content, key: value})
    with pytest.raises(ValueError, match=reason):
        About.from_json(text.encode())


def places(node, path=()):
    """Yield the place of every value."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, (dict, list)):
            yield from places(value, (*path, key))


def test_no_odd_value_anywhere_does_more_than_stop_it(packed, content):
    odd = [None, True, -1, 0, 7, 1e9, 'x', '/etc/passwd', [], {}, [[]], {'type': 'x'}]
    rng = np.random.default_rng(0)
    pack = read_pack(packed)
    built = refused = 0
    for place in places(content):
        changed = copy.deepcopy(content)
        inner = changed
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = odd[rng.integers(len(odd))]
        try:
            about = About.from_json(json.dumps(changed).encode())
        except ValueError:
            refused += 1
            continue
        if place[0] != 'model' or built == 15:
            continue
        built += 1
        with suppress(ValueError):  # and no other
            build(replace(pack, about=about))
    assert built == 15
    assert refused > 50
