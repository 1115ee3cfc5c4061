"""One run at a time adds to a file of results."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO
from zlib import crc32

from ..stores.lock import hold


@contextmanager
def alone_with(path: str | Path) -> Iterator[None]:
    """Hold a file of results until the block ends or the process does.

    Each run writes the file anew, so the later of two would replace what the other one
    has added. The lock lies beside the file, whose folder is made, and goes at the end.

    Args:
        path: The file; it need not exist. What is no file, such as /dev/stdout, is not
            held.

    Raises:
        BlockingIOError: Another run holds it.
    """
    place = Path(os.path.realpath(path))
    if place.exists() and not place.is_file():
        yield
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    held = place.with_name(f'.{crc32(os.fsencode(place.name)):08x}.lock')
    said = f'--out {path}: another run writes it; wait for it, or name another file.'
    with _locked(held, said):
        try:
            yield
        finally:
            held.unlink(missing_ok=True)


def _locked(held: Path, said: str) -> IO:
    """Return the lock, open and held, which still lies at its place.

    A run that ends takes its file away, maybe after this one has opened it: a third one
    would then lock another file.
    """
    while True:
        with ExitStack() as closing:
            lock = closing.enter_context(open(held, 'w'))
            hold(lock, said)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.stat(held), os.fstat(lock.fileno())):
                    closing.pop_all()
                    return lock
