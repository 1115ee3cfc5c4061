import re

import pytest

from mvlr_mm.config.file import read_file


@pytest.fixture
def write(tmp_path):
    def write(text, name='x.py'):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ('text', 'line', 'message'),
    [
        ('a = 1\nb = (2,\n', 2, "SyntaxError: '(' was never closed"),
        ('a = 1\n\nb = c\n', 3, "NameError: name 'c' is not defined"),
        ('a = dict()\nb = a["x"]\n', 2, "KeyError: 'x'"),
        ('a = 1 / 0', 1, 'ZeroDivisionError: division by zero'),
    ],
)
def test_the_line_that_is_wrong_is_named(write, text, line, message):
    path = write(text)
    child = write("_base_ = './x.py'", 'child.py')
    for config in (path, child):  # the file that is wrong, not the one asked for
        with pytest.raises(ValueError, match=re.escape(message)) as error:
            read_file(config)
        assert f'x.py, line {line} cannot be read: ' in str(error.value)


@pytest.mark.parametrize(
    ('text', 'name', 'message'),
    [
        ("_base_ = './x.py'", 'x.py', 'x.py cannot be read: RecursionError: a base'),
        ('{"a": ', 'x.json', 'x.json cannot be read: JSONDecodeError: Expe'),
        ('a: [', 'x.yaml', 'x.yaml cannot be read: ParserError: '),
        ('a', 'x.txt', 'x.txt cannot be read: OSError: Only py/yml/yaml/json'),
        (
            "custom_imports = dict(imports=['no_such_module'])",
            'x.py',
            "x.py cannot be read: ModuleNotFoundError: No module named 'no_such_mo",
        ),
    ],
)
def test_the_file_that_is_wrong_is_named(write, text, name, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        read_file(write(text, name))


def test_a_missing_base_is_a_missing_file(write):
    with pytest.raises(FileNotFoundError, match=r'gone\.py'):
        read_file(write("_base_ = './gone.py'"))


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / 'x.py').write_bytes(b'\xff')
    with pytest.raises(ValueError, match=r'x.py cannot be read: UnicodeDecodeError'):
        read_file(tmp_path / 'x.py')
