import json

import numpy as np
import pytest

from mvlr_mm.labels.thresholds import (
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
    with pytest.raises(ValueError, match="names the label 'dog' twice"):
        read_thresholds(path, ['dog'])


def file_with(tmp_path, labels):
    path = tmp_path / 'other.json'
    path.write_text('{"format": "mvlr-thresholds-1", "labels": ' + labels + '}')
    return path


@pytest.mark.parametrize(
    ('labels', 'reason'),
    [
        ('[{"name": "dog", "threshold": NaN}]', "threshold of 'dog' cannot be nan"),
        ('[{"name": "dog", "threshold": "0.5"}]', "of 'dog' is no number: '0.5'"),
        ('[{"name": "dog", "threshold": true}]', "of 'dog' is no number: True"),
        ('[{"name": "dog", "threshold": 1' + '0' * 400 + '}]', 'too large'),
        ('[{"name": "dog", "threshold": 1' + '0' * 5000 + '}]', 'not a threshold file'),
        ('[{"name": "dog"}]', "the label 'dog' has no threshold"),
        ('[{"name": null, "threshold": 1}]', 'the label None twice, or not by text'),
        ('[{"threshold": 1}]', "'name'"),
        ('[1]', 'not a threshold file'),
        ('7', 'not a threshold file'),
        ('{"dog": 1}', 'not a threshold file'),
        ('[' * 100_000 + ']' * 100_000, 'not a threshold file'),
    ],
)
def test_what_is_no_number_for_each_label_is_refused(tmp_path, labels, reason):
    with pytest.raises(ValueError, match=r'other\.json is not a threshold file') as e:
        read_thresholds(file_with(tmp_path, labels), ['dog'])
    assert reason in str(e.value)
    assert len(str(e.value)) < 500 + len(str(tmp_path))


@pytest.mark.parametrize('value', ['0', '-1', 'NaN', 'Infinity', '"1"'])
def test_a_temperature_is_positive(tmp_path, value):
    labels = '[{"name": "dog", "threshold": 0.5, "temperature": ' + value + '}]'
    with pytest.raises(ValueError, match="the temperature of 'dog' "):
        read_temperatures(file_with(tmp_path, labels), ['dog'])


@pytest.mark.parametrize(
    'content',
    [b'', b'{', b'[]', b'{"format": 2}', b'{"labels": [1]}', b'\xff\xfe\x00' * 99],
)
def test_another_file_is_refused(tmp_path, content):
    path = tmp_path / 'other.json'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'other\.json is not a threshold file') as e:
        read_thresholds(path, ['dog'])
    assert len(str(e.value).splitlines()) == 1
    assert len(str(e.value)) < 500 + len(str(tmp_path))


def test_a_byte_order_mark_is_no_letter(tmp_path):
    path = file_with(tmp_path, '[{"name": "dog", "threshold": 0.25}]')
    path.write_bytes(b'\xef\xbb\xbf' + path.read_bytes())
    assert label_thresholds(path) == {'dog': 0.25}


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
