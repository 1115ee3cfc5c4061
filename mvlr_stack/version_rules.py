"""Comparing versions as pip does (PEP 440), with Python's own library alone.

The doctor has to start where nothing is installed, so it cannot ask `packaging`.
"""

import re
from typing import NamedTuple

_TEXT = re.compile(
    r'v?(?P<release>\d+(\.\d+)*)'
    r'(?P<rest>[-_.]?(dev|alpha|beta|preview|pre|post|rev|rc|a|b|c|r)?[-_.]?\d*.*)'
)
_PHASES = {'dev': -4, 'alpha': -3, 'a': -3, 'beta': -2, 'b': -2}
_PHASES |= {'rc': -1, 'c': -1, 'pre': -1, 'preview': -1}
_PHASES |= {'': 0, 'post': 1, 'rev': 1, 'r': 1}


class Version(NamedTuple):
    """What orders versions, and their local part; compare `release` and `phase`."""

    release: tuple[int, ...]  # without zeros at the end
    phase: int  # -4 to -1 before the release, 0 for it, 1 after it
    local: str  # behind the plus sign: cpu, cu126


def read_version(text: str) -> Version:
    """Return the parts of a version such as ``2.10.0rc1+cpu``.

    Raises:
        ValueError: It does not begin with a number.
    """
    public, _, local = text.strip().lower().partition('+')
    match = _TEXT.fullmatch(public)
    if match is None:
        raise ValueError(f'{text!r} is no version.')
    release = [int(number) for number in match['release'].split('.')]
    while len(release) > 1 and not release[-1]:
        release.pop()
    # of 1.0a1.dev2 and 1.0.post1.dev2 the first word decides here
    word = re.search(r'[a-z]+', match['rest'])
    phase = _PHASES.get(word[0] if word else '', 0)
    return Version(tuple(release), phase, local)


def matches(version: str, rule: str) -> bool:
    """Say whether a version obeys a rule such as ``'>=2.0,<2.3'``.

    Args:
        version: Any version; its local part does not count.
        rule: Comparisons by ``==``, ``>=``, ``<=``, ``>`` or ``<`` with releases, and
            commas between them.
    """
    found = read_version(version)[:2]
    return all(_obeys(found, part.strip()) for part in rule.split(','))


def _obeys(found: tuple[tuple[int, ...], int], rule: str) -> bool:
    sign, text = re.fullmatch(r'(==|>=|<=|>|<)\s*(\S+)', rule).groups()
    wanted = read_version(text)[:2]
    return {
        '==': found == wanted,
        '>=': found >= wanted,
        '<=': found <= wanted,
        # neither a candidate of that release nor what came after it
        '<': found < wanted and found[0] != wanted[0],
        '>': found > wanted and found[0] != wanted[0],
    }[sign]
