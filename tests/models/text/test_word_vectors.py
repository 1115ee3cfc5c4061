import numpy as np
import pytest

from mvlr_mm.models.text.word_vectors import read_word_vectors


def write(tmp_path, text):
    path = tmp_path / 'glove.txt'
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize('heading', ['', '4 3\n'])
def test_the_last_numbers_of_a_line_are_its_vector(tmp_path, heading):
    text = ', 1 2 3\n. . . 4 5 6\ncat 7 8 9\nat x@y.com 0 0 1\n'
    found = read_word_vectors(write(tmp_path, heading + text), {'cat', '. . .', 'at'})
    assert set(found) == {'cat', '. . .'}
    assert found['. . .'].tolist() == [4, 5, 6]
    assert found['cat'].tolist() == [7, 8, 9]
    assert found['cat'].dtype == np.float32


def test_other_line_ends_do_not_part_a_token(tmp_path):
    text = ', 1 2\r\na\u2028b 3 4\r\ncat 5 6\r\n'
    found = read_word_vectors(write(tmp_path, text), {'cat', 'a\u2028b'})
    assert [found[w].tolist() for w in ('a\u2028b', 'cat')] == [[3, 4], [5, 6]]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('cat 1 two\n', r"vector of 2 numbers in line 1 \(.*'two'\); give a text"),
        ('\ncat 1 2\n', r'in line 1 \(it has no number\)'),
        ('word\ncat 1 2\n', r'in line 1 \(it has no number\)'),
        (b'\x80\x02}q\x00', r'in line 1 \(.*utf-8'),
        ('', r'is empty \(0 bytes\); copy or download it again'),
        ('version https://git-lfs.github.com/spec/v1\n', 'a pointer of git-lfs'),
    ],
)
def test_other_files_are_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=rf'glove\.txt\) .*{message}'):
        read_word_vectors(write(tmp_path, text), {'cat'})
