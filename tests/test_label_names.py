import json

import pytest

from mvlr_mm.label_names import read_label_names


def test_reads_lists_json_and_text(tmp_path):
    names = ['cat', 'traffic light']
    (tmp_path / 'c.json').write_text(json.dumps(names))
    (tmp_path / 'c.txt').write_text('cat\n\n traffic light \n')
    for source in (names, tmp_path / 'c.json', str(tmp_path / 'c.txt')):
        assert read_label_names(source) == ('cat', 'traffic light')


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        ([], r'classes is empty'),
        (['cat', ' '], r"entry 1 \(' '\) must be a name"),
        (['cat', 3], r'entry 1 \(3\) must be a name'),
        (['cat', 'dog', 'cat'], r"'cat' occurs twice, at 0 and 2"),
    ],
)
def test_rejects_bad_names(names, message):
    with pytest.raises(ValueError, match=message):
        read_label_names(names)


def test_errors_name_the_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'nowhere\.txt.*no such file'):
        read_label_names(str(tmp_path / 'nowhere.txt'))
    (tmp_path / 'bad.json').write_text('["cat"')
    with pytest.raises(ValueError, match=r'bad\.json\) cannot be read'):
        read_label_names(tmp_path / 'bad.json')
    (tmp_path / 'dict.json').write_text('{"cat": 0}')
    with pytest.raises(ValueError, match=r'dict\.json\) must hold a json list.*dict'):
        read_label_names(tmp_path / 'dict.json')
    (tmp_path / 'latin.txt').write_bytes('caf\xe9'.encode('latin-1'))
    with pytest.raises(ValueError, match=r'latin\.txt\) cannot be read'):
        read_label_names(tmp_path / 'latin.txt')


def test_knows_public_label_lists():
    names = read_label_names('coco')
    assert (len(names), names[0], names[-1]) == (80, 'person', 'toothbrush')
