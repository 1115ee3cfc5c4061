import json

import pytest

from mvlr_mm.extras import require


def test_what_is_there_is_imported():
    assert require('json', extra='tag') is json


def test_what_is_missing_says_its_command():
    with pytest.raises(ImportError, match=r'pip install "mvlr_mm\[tag\]"'):
        require('no_such_package', extra='tag')
