"""Packages that some things need and the base install leaves out."""

import importlib
from types import ModuleType


def require(name: str, extra: str) -> ModuleType:
    """Import a package of an extra.

    Args:
        name: Of the module.
        extra: Of the extra that brings it.

    Raises:
        ImportError: It is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f'{name} is needed for this and cannot be imported ({error}): '
            f'pip install "mvlr_mm[{extra}]".'
        ) from error
