"""What the OpenMMLab stack says each time, and nobody can do anything about."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator

LINES = ('Could not import OneDL',)
WARNINGS = ('Fail to import ``MultiScaleDeformableAttention``',)
RECORDS = (
    'is skipped since its requires_grad=False',  # once for each frozen parameter
    '"FileClient" will be deprecated in future',
    '"HardDiskBackend" is the alias of "LocalBackend"',
    'No CUDA runtime is found, using CUDA_HOME=',
)


@contextlib.contextmanager
def quiet_import() -> Iterator[None]:
    """Leave out the lines and warnings above while the stack is imported.

    Whatever else is printed meanwhile appears at the end.
    """
    for message in WARNINGS:
        warnings.filterwarnings('ignore', message)
    quiet_logger(logging.getLogger('torch.utils.cpp_extension'))
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            yield
    finally:
        for line in said.getvalue().splitlines():
            if line not in LINES:
                print(line)


def quiet_logger(logger: logging.Logger) -> None:
    """Let a logger pass over the records above."""
    logger.addFilter(_tells_something)


def _tells_something(record: logging.LogRecord) -> bool:
    return not any(text in record.getMessage() for text in RECORDS)
