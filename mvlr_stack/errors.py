"""How a command ends that cannot go on: in one line where a person can mend it."""

import io
import os
import re
import select
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pickle import UnpicklingError

from .build_errors import explain_build

PLAIN = (ImportError, OSError, UnpicklingError, ValueError)
SIGNALLED = 128  # what a shell adds to the number of a signal
INTERRUPTED, NO_READER = SIGNALLED + signal.SIGINT, SIGNALLED + signal.SIGPIPE
_REQUESTS = (signal.SIGHUP, signal.SIGTERM)


@contextmanager
def ended_on_request() -> Iterator[None]:
    """Let a command that is asked to end put away what it has begun, as at Ctrl-C.

    `timeout`, batch systems and a terminal that is closed ask by a signal at which
    Python ends at once: drafts would stay, and tags that are not written yet be lost.

    Raises:
        SystemExit: With the status that a shell gives a command ended by that signal.
    """

    def end(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)  # another one ends it at once
        # loaders' processes end as well, which torch would raise as an error here
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        raise SystemExit(SIGNALLED + number)

    heard = []
    if threading.current_thread() is threading.main_thread():  # others may set none
        # nohup has a command ignore one
        heard = [x for x in _REQUESTS if signal.getsignal(x) is signal.SIG_DFL]
    for number in heard:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_DFL)


def replace_closed_streams() -> None:
    """Print to nowhere what has no place, as where a shell has closed it by ``>&-``."""
    for name in ('stdout', 'stderr'):
        if getattr(sys, name) is None:
            # the lowest number that is free: also what C code prints goes there
            setattr(sys, name, open(os.devnull, 'w'))  # noqa: SIM115 (until the end)


def show_all_letters() -> None:
    """Let names be printed whose letters a terminal lacks, as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors='backslashreplace')


@contextmanager
def plain_errors() -> Iterator[None]:
    """Say in one line what a person can mend: a wrong value, a missing file.

    Whatever is printed within is shown, see :func:`show_all_letters`, if there is a
    place for it.

    Other errors keep their traceback, and so does whatever comes out of the model at
    work on a batch: there the way to the error tells more than its text.

    Raises:
        SystemExit: With status 2 instead of such an error; 130 if the command was
            interrupted, 141 if nobody reads any more what it prints.
    """
    replace_closed_streams()
    show_all_letters()
    try:
        try:
            yield
        finally:
            sys.stdout.flush()  # here, where it can be caught
    except KeyboardInterrupt:
        print('\nstopped.', file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _reader_is_gone():
            # Python flushes once more at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(NO_READER) from None
        text = explain(error)
        if text is None:
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        print(f'error: {text}', file=sys.stderr)
        print(f'(raised in {place.filename}, line {place.lineno})', file=sys.stderr)
        raise SystemExit(2) from None


def explain(error: Exception) -> str | None:
    """Return what to tell a person of an error, or None to show its traceback."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    if any(frame.f_code.co_name == 'run_iter' for frame in frames):
        return None
    text = explain_build(error, frames)
    if text is None and isinstance(error, PLAIN):
        text = str(error) or type(error).__name__
        if text.startswith('Caught '):  # in a loader's process, with its traceback
            text = _told_by_loader(text, type(error).__name__)
    return text


def _told_by_loader(text: str, kind: str) -> str:
    """Return the error's own words, which stand behind the last traceback.

    All of its lines: the name of a file may have several.
    """
    begins = list(re.finditer(rf'^(?:\w+\.)*{kind}: ', text, re.MULTILINE))
    return text[begins[-1].end() :].strip() if begins else kind


def _reader_is_gone() -> bool:
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
    except OSError:  # standard output is no file
        return False
    return any(event & select.POLLERR for _, event in poll.poll(0))
