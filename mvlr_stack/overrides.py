"""Settings of a config that a command line overrides: ``KEY=VALUE``."""

import argparse
import ast
from collections.abc import Sequence


def parse_value(text: str) -> object:
    """Return the value that a word of the command line stands for.

    Numbers, ``None``, booleans, lists, tuples and dicts are written as in Python; a
    text as it is, or in quotes.

    Args:
        text: What stands behind the equals sign.
    """
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


class OverridesAction(argparse.Action):
    """Collect ``KEY=VALUE`` words in a dict."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        """Add the words of one use of the argument to those of the earlier ones."""
        found = dict(getattr(namespace, self.dest) or {})
        for word in values:
            key, _, value = word.partition('=')
            found[key] = parse_value(value)
        setattr(namespace, self.dest, found)
