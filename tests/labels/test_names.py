import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip.tokenizer import SimpleTokenizer

from mvlr_mm.labels.names import as_tower_reads, read_label_names


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
        (['cat', 'caf\udce9'], r"entry 1 \('caf\\udce9'\) holds half of a character"),
        (['\ud800', 'dog'], r"entry 0 \('\\ud800'\) holds half"),
        (['\ud83d', 'dog'], r"entry 0 \('\\ud83d'\) holds half"),
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


@pytest.mark.parametrize(
    ('first', 'second'),
    [
        ('Turkey', 'turkey'),
        ('caf\u00e9', 'cafe\u0301'),
        ('hot dog', ' hot   dog '),
        ('hot dog', 'hot\u2028dog'),
        ('salt &amp; pepper', 'salt & pepper'),
        ('salt &amp;amp; pepper', 'salt & pepper'),
        ('a < b &amp;amp; c', 'a < b & c'),
        ('traffic-light', 'traffic - light'),
        ('\uff21\uff22', 'ab'),
        ('\ufb01sh', 'fish'),
        ('cat\u2019s eye', "cat's eye"),
    ],
)
def test_names_that_a_text_tower_reads_alike_are_refused(first, second):
    with pytest.raises(ValueError, match='are the same to a text tower') as error:
        read_label_names(['dog', first, second])
    assert repr(first) in str(error.value)
    assert repr(second) in str(error.value)


@pytest.mark.parametrize(
    'names', [['m2', 'm\u00b2'], ['\u00df', 'ss'], ['tv', 't v'], ['a_b', 'a b']]
)
def test_names_that_a_text_tower_tells_apart(names):
    assert read_label_names(names) == tuple(names)


def test_a_name_of_nothing_but_a_space():
    with pytest.raises(ValueError, match=r"entry 0 \('&nbsp;'\) must be a name"):
        read_label_names(['&nbsp;'])


# fmt: off
PARTS = ['cat', 'Cat', ' ', '\t', '-', "'s", '1', '&amp;', '\u00e9', 'e\u0301', '_',
         '\ufb01', 'fi']
# fmt: on
TOKENIZE = SimpleTokenizer()


@settings(max_examples=150, derandomize=True, deadline=None)
@given(*[st.lists(st.sampled_from(PARTS), max_size=4).map(''.join)] * 2)
def test_equal_to_the_tower_means_equal_tokens(first, second):
    same = torch.equal(TOKENIZE(first), TOKENIZE(second))
    assert (as_tower_reads(first) == as_tower_reads(second)) == same


def test_text_files_of_names(tmp_path):
    path = tmp_path / 'names.txt'
    path.write_bytes('\ufeffcat\r\nhot\u2028dog\r\nthe\x0bend\n'.encode())
    assert read_label_names(path) == ('cat', 'hot\u2028dog', 'the\x0bend')
    path.with_suffix('.JSON').write_bytes('\ufeff["cat"]'.encode())
    assert read_label_names(path.with_suffix('.JSON')) == ('cat',)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('name\ncat\ndog', r"the first line, 'name', looks like a heading"),
        ('label\ncat', r"the first line, 'label', looks like a heading"),
        ('id,name\n0,cat\n1,dog', r"the first line, 'id,name', looks like a head"),
        ('class_id\tclass_name\n0\tcat', r'the first line, .* looks like a heading'),
        ('0. cat\n1. dog', r"every line begins with a number, as '0. cat'"),
        ('0.cat\n1.dog', r"every line begins with a number, as '0.cat'"),
        ('0) cat\n1) dog', r"every line begins with a number, as '0\) cat'"),
        ('(1) cat\n(2) dog', r"every line begins with a number, as '\(1\) cat'"),
        ('0|cat\n1|dog', r"every line begins with a number, as '0\|cat'"),
        ('0 cat\n1 dog', r"every line begins with a number, as '0 cat'"),
        ('1: cat\n2: dog\n3: sea', r"every line begins with a number, as '1: cat'"),
    ],
)
def test_lines_that_hold_more_than_names(tmp_path, text, message):
    path = tmp_path / 'names.txt'
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_label_names(path)
    names = text.split('\n')
    assert read_label_names(names) == tuple(names)


@pytest.mark.parametrize(
    'text',
    [
        '0.5 l\n1.5 l\n2.5 l',
        'id\ncat',
        'no label\ncat',
        'label printer\ncat',
        '1st\n2nd',
    ],
)
def test_names_that_look_a_little_like_more(tmp_path, text):
    path = tmp_path / 'names.txt'
    path.write_text(text)
    assert read_label_names(path) == tuple(text.split('\n'))


@pytest.mark.parametrize('line', ['label', '1 dog'])
def test_one_line_alone_is_a_name(tmp_path, line):
    path = tmp_path / 'names.txt'
    path.write_text(f'{line}\n')
    assert read_label_names(path) == (line,)


def test_a_file_in_the_home_folder(tmp_path, monkeypatch):
    (tmp_path / 'c.txt').write_text('cat')
    monkeypatch.setenv('HOME', str(tmp_path))
    assert read_label_names('~/c.txt') == ('cat',)
