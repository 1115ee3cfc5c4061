import shutil
import warnings

import pytest
from matplotlib import get_data_path
from matplotlib.ft2font import FT2Font

from mvlr_mm.visualization import fonts


@pytest.fixture
def only_dejavu(monkeypatch):
    """Look for letters in DejaVu Sans alone."""
    monkeypatch.setattr(fonts, '_fonts', lambda: (fonts.default_font(),))
    monkeypatch.setattr(fonts, '_told', set())
    fonts.font_of.cache_clear()
    yield
    fonts.font_of.cache_clear()


@pytest.mark.parametrize('text', ['ß', 'x^{2}$\\frac$', 'Ω Ж ש ع ♥', 'cafe\u0301'])
def test_what_dejavu_has_is_drawn_with_it(text):
    assert fonts.drawable(text) == text
    assert fonts.runs(text) == [(text, fonts.default_font())]


def test_a_letter_that_no_font_has_is_escaped_and_said_once(only_dejavu):
    text = r'no font here has \\u732b, \\U0001f408: .* `pip install .mvlr_mm\[fonts\]'
    with pytest.warns(UserWarning, match=text):
        assert fonts.drawable('a 猫\U0001f408') == r'a \u732b\U0001f408'
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert fonts.drawable('猫') == r'\u732b'


def test_a_font_of_the_machine_takes_what_dejavu_lacks(monkeypatch, tmp_path):
    # a font that has a letter which the first one lacks: here by leaving it out
    other = tmp_path / 'other.ttf'
    shutil.copy(fonts.default_font(), other)
    letters = frozenset(FT2Font(str(other)).get_charmap())
    known = {fonts.default_font(): letters - {ord('ж')}, other: letters}
    monkeypatch.setattr(fonts, '_fonts', lambda: tuple(known))
    monkeypatch.setattr(fonts, '_letters', known.__getitem__)
    fonts.font_of.cache_clear()
    assert fonts.drawable('aжb') == 'aжb'
    pieces = fonts.runs('aжb')
    assert pieces == [('a', fonts.default_font()), ('жb', other)]
    fonts.font_of.cache_clear()


def test_fonts_for_formulas_and_boxes_are_not_asked(tmp_path):
    found = fonts._fonts()
    assert found[0] == fonts.default_font()
    own = [file for file in found if get_data_path() in str(file)]
    assert own == [fonts.default_font()]


def test_a_damaged_font_has_no_letters(tmp_path):
    file = tmp_path / 'cut.ttf'
    file.write_bytes(fonts.default_font().read_bytes()[:5000])
    assert fonts._letters(file) == frozenset()


def test_fonts_of_a_package_are_found(tmp_path, monkeypatch):
    folder = tmp_path / 'matplotlib_fontja' / 'fonts'
    folder.mkdir(parents=True)
    (folder / 'a.TTF').touch()
    (folder.parent / '__init__.py').touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert folder / 'a.TTF' in list(fonts._packaged())
