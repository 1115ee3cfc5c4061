"""Files that commands write: none replaces another in silence, none is half written."""

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from zlib import crc32

_LONG = 50  # letters, of at most 4 bytes
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FIX = 'name another, or add --overwrite to replace it.'


@contextmanager
def named_when_full(path: str | Path) -> Iterator[None]:
    """Have the error of a full disk name the file, which the system does not.

    Args:
        path: What is written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL and error.filename is None:
            error.filename = str(path)
        raise


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Write a file whole or not at all.

    What is written lies beside its place, under another name, until the block ends
    without an error; only then does it take its place, with the permissions of a file
    that it replaces. Folders are made.

    Args:
        path: Where the file is to be. A link is followed; what is no file, such as
            /dev/stdout, is written to directly.

    Yields:
        The path to write to. It has the suffix of ``path``.
    """
    place = Path(os.path.realpath(path))
    if place.exists() and not place.is_file():
        yield place
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    stem = place.stem
    if len(stem) > _LONG:  # what is added must not make the name too long
        stem = f'{stem[:_LONG]}.{crc32(os.fsencode(stem)):08x}'
    draft = place.with_name(f'.{stem}.{os.getpid()}{place.suffix}')
    try:
        with named_when_full(path):
            yield draft
            with open(draft, 'rb') as file:  # on the disk before it has the name
                os.fsync(file.fileno())
            with suppress(OSError):  # there is none before, or the disk knows no modes
                shutil.copymode(place, draft)  # who may read it does not change
            os.replace(draft, place)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


def write_text(path: str | Path, text: str) -> None:
    """Write a text in UTF-8, whole or not at all.

    Args:
        path: As for :func:`whole_file`.
        text: What to write.
    """
    with whole_file(path) as draft:
        draft.write_text(text, encoding='utf-8')


def write_texts(texts: Mapping[Path, str]) -> None:
    """Write texts that belong together, in UTF-8; all are written before one replaces.

    Args:
        texts: By their paths, which are as for :func:`whole_file`. They take their
            places in this order.
    """
    contents = {path: text.encode() for path, text in texts.items()}
    with ExitStack() as drafts:  # which ends with the last one that it began
        for path, content in reversed(contents.items()):
            drafts.enter_context(whole_file(path)).write_bytes(content)


def check_output(argument: str, path: str | Path | None, overwrite: bool) -> None:
    """Stop before the work if its result could not, or should not, be written.

    Args:
        argument: The argument that names the file, for the message.
        path: The file; None is no output.
        overwrite: Whether it may replace another.

    Raises:
        OSError: The file is there already, or is a folder, or its folder cannot be
            made or written to.
    """
    if path is None:
        return
    place = Path(os.path.realpath(path))
    if place.is_dir():
        raise IsADirectoryError(f'{argument} {path} is a folder; name a file in it.')
    if place.is_file() and not overwrite:
        raise FileExistsError(f'{argument} {path} exists; {FIX}')
    folder = next(parent for parent in place.parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise PermissionError(
            f'{argument} {path} cannot be written: {folder} is not a folder that may '
            'be written to.'
        )


def check_output_folder(argument: str, path: str | Path, overwrite: bool) -> None:
    """Do what :func:`check_output` does for a folder of results.

    Args:
        argument: The argument that names the folder, for the message.
        path: The folder; it need not exist.
        overwrite: Whether results in it may be replaced.

    Raises:
        OSError: The folder holds something already, or cannot be made or written to.
    """
    folder = Path(path)
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise FileExistsError(f'{argument} {path} holds files already; {FIX}')
    check_output(argument, folder / 'any', overwrite=True)
