"""One process at a time, by a lock that ends with its process."""

import fcntl
from typing import IO


def hold(lock: IO, said: str) -> None:
    """Lock an open file until it is closed; where a disk knows no locks, go on.

    Args:
        lock: The file.
        said: What to say where another process holds it.

    Raises:
        BlockingIOError: One does.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BlockingIOError(said) from None
    except OSError:  # some network file systems have none
        return
