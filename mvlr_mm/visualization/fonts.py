"""Labels of any script in pictures: which font has a letter, and what if none has.

Sheets and plots write with DejaVu Sans, which comes with matplotlib. A letter that it
lacks takes another font: one of this machine, or one that a package brought. Where none
has it, its escape is written, and said once; never an empty box.
"""

import warnings
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ..shown_text import JOINERS, escaped, printable

PACKAGES = ('noto_cjk_sans_jp_regular', 'matplotlib_fontja', 'mplfonts')
_SUFFIXES = ('.ttf', '.otf', '.ttc')
_told: set[str] = set()


def drawable(text: str) -> str:
    """Return a text whose every letter some font has; others are escaped.

    Args:
        text: One line, such as the name of a label.
    """
    text = printable(text)
    missing = {letter for letter in text if font_of(letter) is None}
    if not missing <= _told:
        _told.update(missing)
        warnings.warn(
            f'no font here has {", ".join(map(escaped, sorted(missing)))}: shown by '
            "number. Install a font of that script, or `pip install 'mvlr_mm[fonts]'` "
            'for Chinese, Japanese and Korean.',
            stacklevel=2,
        )
    return ''.join(escaped(x) if x in missing else x for x in text)


@cache
def font_of(letter: str) -> Path | None:
    """Return the first font that has a letter; None if none has it."""
    if letter in JOINERS:
        return default_font()
    return next((file for file in _fonts() if ord(letter) in _letters(file)), None)


def runs(text: str) -> list[tuple[str, Path]]:
    """Return a text in pieces, each with a font that has all of its letters.

    Args:
        text: What :func:`drawable` returned.
    """
    found: list[tuple[str, Path]] = []
    for letter in text:
        last = found[-1] if found else ('', default_font())
        font = last[1]
        if letter not in JOINERS and ord(letter) not in _letters(font):
            font = font_of(letter) or default_font()
        if found and font == last[1]:
            found[-1] = (last[0] + letter, font)
        else:
            found.append((letter, font))
    return found


@cache
def default_font() -> Path:
    """Return the file of DejaVu Sans."""
    from matplotlib import get_data_path

    return Path(get_data_path()) / 'fonts/ttf/DejaVuSans.ttf'


@cache
def _fonts() -> tuple[Path, ...]:
    """Return the files of all fonts, upright ones of usual weight before others.

    Without those that matplotlib has for formulas, whose letters stand in other places,
    and for showing what is missing.
    """
    from matplotlib import get_data_path
    from matplotlib.font_manager import fontManager

    own = get_data_path()
    entries = [entry for entry in fontManager.ttflist if own not in entry.fname]
    entries.sort(key=lambda e: (e.style != 'normal', abs(_weight(e) - 400), e.fname))
    machine = (Path(entry.fname) for entry in entries)
    return tuple(dict.fromkeys([default_font(), *machine, *_packaged()]))


def _weight(entry: object) -> int:
    weight = getattr(entry, 'weight', 400)
    return weight if isinstance(weight, int) else 400


def _packaged() -> Iterator[Path]:
    for name in PACKAGES:
        spec = find_spec(name)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            files = sorted(Path(folder).rglob('*'))
            yield from (file for file in files if file.suffix.lower() in _SUFFIXES)


@cache
def _letters(file: Path) -> frozenset[int]:
    """Return the code points that a font has; none if it cannot be drawn with."""
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(str(file))
        return frozenset(font.get_charmap()) if font.scalable else frozenset()
    except (OSError, RuntimeError, ValueError):  # damaged, or of coloured pictures
        return frozenset()
