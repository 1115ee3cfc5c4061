"""Say in one line what a person can mend."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pickle import UnpicklingError


@contextmanager
def plain_errors() -> Iterator[None]:
    """Say in one line what a person can mend: a wrong value, a missing file.

    Other errors keep their traceback, and so does whatever comes out of the model at
    work on a batch: there the way to the error tells more than its text.

    Raises:
        SystemExit: With status 2, instead of a ValueError, OSError or UnpicklingError.
    """
    try:
        yield
    except (OSError, UnpicklingError, ValueError) as error:
        frames = traceback.extract_tb(error.__traceback__)
        if any(frame.name == 'run_iter' for frame in frames):
            raise
        place = frames[-1]
        print(f'error: {error}', file=sys.stderr)
        print(f'(raised in {place.filename}, line {place.lineno})', file=sys.stderr)
        raise SystemExit(2) from None
