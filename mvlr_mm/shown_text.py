"""Names as they are shown: on one line, with nothing in them that hides or acts."""

import unicodedata

from rich.cells import cell_len

JOINERS = '\u200c\u200d'  # part of words in several scripts, and of emoji


def printable(text: str) -> str:
    r"""Return a text with whatever would not be seen escaped, as in ``a\nb``.

    Line ends, control codes (a terminal obeys them), marks that turn the direction of
    what follows, spaces other than the usual one, and halves of letters.

    Args:
        text: Such as the name of a label.
    """
    return ''.join(
        letter if letter.isprintable() or letter in JOINERS else escaped(letter)
        for letter in text
    )


def escaped(letter: str) -> str:
    r"""Return the escape of a letter in Python's way, such as ``\u732b``."""
    return letter.encode('unicode_escape').decode('ascii')


def shorten(text: str, width: int) -> str:
    """Return a text with its middle left out where it is too wide.

    Names that differ do so at the start or at the end, mostly.

    Args:
        text: One line.
        width: Cells of a terminal that it may take; wide letters take two.
    """
    if cell_len(text) <= width:
        return text
    left, right = '', ''
    letters = _letters(text)
    while letters:
        end = len(left) <= len(right)
        letter = letters.pop(0 if end else -1)
        if cell_len(left + letter + right) > width - 1:
            break
        left, right = (left + letter, right) if end else (left, letter + right)
    return f'{left}…{right}'


def pad(text: str, width: int) -> str:
    """Return a text filled up with spaces to a width in cells of a terminal."""
    return text + ' ' * (width - cell_len(text))


def _letters(text: str) -> list[str]:
    """Return the letters of a text, each with the marks upon it."""
    letters: list[str] = []
    for char in text:
        if letters and (unicodedata.combining(char) or char in JOINERS):
            letters[-1] += char
        else:
            letters.append(char)
    return letters
