"""Importing the OpenMMLab stack without what it says each time."""

import contextlib
import io
import warnings
from collections.abc import Iterator

LINES = ('Could not import OneDL',)
WARNINGS = ('Fail to import ``MultiScaleDeformableAttention``',)


@contextlib.contextmanager
def quiet_import() -> Iterator[None]:
    """Leave out lines and warnings that tell a user of `mvlr_mm` nothing.

    Whatever else is printed meanwhile appears at the end.
    """
    for message in WARNINGS:
        warnings.filterwarnings('ignore', message)
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            yield
    finally:
        for line in said.getvalue().splitlines():
            if line not in LINES:
                print(line)
