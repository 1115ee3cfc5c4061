"""Progress in lines that a log file shows as well as a terminal."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar('T')
SECONDS = 5.0  # between two lines
CLOCK_SECONDS = 600.0  # what takes longer says when it ends


class Progress:
    """Say now and then how much of some work is done, and how long the rest takes.

    Args:
        title: What is done.
        total: How many steps it has.
        seconds: The least time between two lines; the last step always has one.
        clock: What tells the time, for a test.
    """

    def __init__(
        self,
        title: str,
        total: int,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.title, self.total, self.seconds, self.clock = title, total, seconds, clock
        self.done = 0
        self._start = self._last = clock()

    def advance(self, note: str = '', steps: int = 1) -> None:
        """Count steps.

        Args:
            note: What else the line says.
            steps: How many.
        """
        self.done += steps
        now = self.clock()
        if now - self._last < self.seconds and self.done != self.total:
            return
        self._last = now
        gone = now - self._start
        left = gone / self.done * (self.total - self.done)
        rest = f'{duration(left)} left' if self.done < self.total else duration(gone)
        if left >= CLOCK_SECONDS:
            rest += (
                f', until {time.strftime("%H:%M", time.localtime(time.time() + left))}'
            )
        share = f'{100 * self.done // self.total:3d} %'
        line = f'{self.title}: {self.done}/{self.total}  {share}  {rest}  {note}'
        print(line.rstrip(), flush=True)


def track(items: Iterable[T], title: str, total: int) -> Iterator[T]:
    """Yield the items and say how many are done.

    Args:
        items: What to go through.
        title: What is done.
        total: How many they are.
    """
    progress = Progress(title, total)
    for item in items:
        yield item
        progress.advance()


def duration(seconds: float) -> str:
    """Return a time as minutes and seconds, such as ``2m05s``."""
    minutes, rest = divmod(round(seconds), 60)
    return f'{minutes}m{rest:02d}s'
