import json

import numpy as np
import pytest

from mvlr_mm.threshold_file import (
    label_thresholds,
    read_temperatures,
    read_thresholds,
    write_thresholds,
)


def test_a_file_carries_them_by_name(tmp_path):
    path = tmp_path / 'thresholds.json'
    names, values = ['dog', 'café', 'cat'], [0.25, 1 / 3, float('inf')]
    records = [
        {'name': name, 'threshold': value, 'recall': float('nan')}
        for name, value in zip(names, values, strict=True)
    ]
    write_thresholds(path, records, {'threshold': 0.5}, by='f1')
    assert label_thresholds(path) == dict(zip(names, values, strict=True))
    found = read_thresholds(path, ['cat', 'café'])
    np.testing.assert_array_equal(found, [np.inf, 1 / 3])
    content = json.loads(path.read_text())
    assert (content['by'], content['global']) == ('f1', {'threshold': 0.5})
    with pytest.raises(ValueError, match="lacks 1 of the 2 classes, first: 'sea'"):
        read_thresholds(path, ['dog', 'sea'])
    write_thresholds(path, [*records, records[0]], {})
    with pytest.raises(ValueError, match='names a label twice'):
        read_thresholds(path, ['dog'])


@pytest.mark.parametrize('text', ['{', '[]', '{"format": 2}', '{"labels": [1]}'])
def test_another_file_is_refused(tmp_path, text):
    path = tmp_path / 'other.json'
    path.write_text(text)
    with pytest.raises(ValueError, match=r'other\.json is not a threshold file'):
        read_thresholds(path, ['dog'])


def test_temperatures_by_name(tmp_path):
    path = tmp_path / 'new' / 'thresholds.json'
    records = [
        {'name': name, 'threshold': 0.5, 'temperature': t}
        for name, t in (('dog', 2.0), ('cat', 0.5))
    ]
    write_thresholds(path, records, {})
    np.testing.assert_array_equal(read_temperatures(path, ['cat', 'dog']), [0.5, 2])
    with pytest.raises(ValueError, match="lacks 1 of the 1 classes, first: 'sea'"):
        read_temperatures(path, ['sea'])
    del records[1]['temperature']
    write_thresholds(path, records, {})
    assert read_temperatures(path, ['dog']) is None


def test_a_missing_file_is_explained(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'thresholds .*gone.json\): no such'):
        read_thresholds(tmp_path / 'gone.json', [])
