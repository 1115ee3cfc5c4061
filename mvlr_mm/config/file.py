"""Reading one config file, and saying where it is wrong."""

import traceback
from pathlib import Path

from mmengine.config import Config


def read_file(path: str | Path) -> Config:
    """Read a config file and its bases.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: It, or a base, does not exist.
        ValueError: Something in one of the files is wrong; it says where.
    """
    try:
        return Config.fromfile(path)
    except FileNotFoundError:
        raise
    except Exception as error:
        file, line = _place(error, path)
        where = f'{file}, line {line}' if line else str(file)
        cause = _first_cause(error)
        text = cause.msg if isinstance(cause, SyntaxError) else cause
        if isinstance(cause, RecursionError):
            text = 'a base leads back to itself'
        raise ValueError(
            f'the config {where} cannot be read: {type(cause).__name__}: {text}'
        ) from error


def _first_cause(error: BaseException) -> BaseException:
    """Return what mmengine made another error of: it names a copy of the file, say."""
    kinds = (SyntaxError, ImportError)
    while isinstance(error, kinds) and isinstance(error.__context__, kinds):
        error = error.__context__
    return error


def _place(error: Exception, path: str | Path) -> tuple[str | Path, int | None]:
    """Return the file among a config and its bases that fails, and its line."""
    file: str | Path = path
    line = None
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == '_file2dict':
            file, line = frame.f_locals.get('filename', file), None
        elif frame.f_code.co_filename == str(file):  # a statement of the file
            line = number
    if isinstance(error, SyntaxError):
        line = _first_cause(error).lineno
    return file, line
