"""The words of the `mvlr` command: a word is a file, its docstring and `add_arguments`.

Nothing here imports more than the standard library: help has to come at once, and on
a machine where nothing else works. The program that a word runs is imported when the
word is used.
"""

from importlib import import_module

NAMES = (
    'init',
    'cache',
    'features',
    'train',
    'test',
    'infer',
    'tag',
    'eval',
    'thresholds',
    'names',
    'report',
    'table',
    'demo',
    'verify',
    'browse',
    'export',
    'pack',
    'doctor',
)
WORDS = {name: import_module(f'{__name__}.{name}') for name in NAMES}
