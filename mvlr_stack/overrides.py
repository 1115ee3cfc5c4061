"""``--cfg-options KEY=VALUE``: settings of a config that a command line overrides.

What a value means depends on the config (:mod:`mvlr_mm.config.overrides`), which is
read later: here it is only taken from the command line.
"""

import argparse
from collections.abc import Sequence

HELP = (
    'settings of the config to override: KEY=VALUE, with dots in the key and numbers '
    'for the places of a list (custom_hooks.1.momentum=0.01). Numbers, None, True, '
    'False, lists, tuples and dicts as Python writes them, in quotes for the shell '
    '("model.neck.fusion=None", \'classes=["cat", "dog"]\'); a text as it is'
)


class Word(str):
    """A value as the command line has it."""

    __slots__ = ()


class OverridesAction(argparse.Action):
    """Collect the words of ``--cfg-options``, which may come more than once."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        """Add the words of one use.

        Raises:
            argparse.ArgumentError: A word is not KEY=VALUE.
        """
        found = dict(getattr(namespace, self.dest) or {})
        for word in values:
            key, equals, value = word.partition('=')
            if not equals or not all(key.split('.')) or key != key.strip():
                raise argparse.ArgumentError(
                    self, f'{word!r} must be KEY=VALUE, such as train_cfg.max_epochs=5'
                )
            found[key] = Word(value)
        setattr(namespace, self.dest, found)


def add_overrides(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options`` to a command: ``args.cfg_options`` by dotted key."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default={},
        metavar='KEY=VALUE',
        action=OverridesAction,
        help=HELP,
    )
