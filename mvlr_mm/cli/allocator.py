"""Asking the C library to keep memory that was freed."""

import ctypes
import os

# <malloc.h> of glibc
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_LARGEST_INT = 2**31 - 1
# What a person may have set, or loaded in malloc's place, is theirs.
_OWN_CHOICES = ('GLIBC_TUNABLES', 'LD_PRELOAD', 'MALLOC_')


def keep_freed_memory() -> bool:
    """Reuse memory within this process, rather than give it back at once.

    torch gets the maps of every step on a CPU from malloc. glibc maps large blocks anew
    each time, and the kernel then fills every page with zeros. Kept blocks spare that;
    in exchange the process holds on to its largest use. Processes forked later, such as
    a loader's, do the same.

    Returns:
        Whether it was done: not without glibc, nor where the environment has settings
        of malloc already.
    """
    if any(name.startswith(_OWN_CHOICES) for name in os.environ):
        return False
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is None:
        return False
    settings = (_MMAP_MAX, 0), (_TRIM_THRESHOLD, _LARGEST_INT), (_TOP_PAD, 64 << 20)
    return all([mallopt(name, value) for name, value in settings])
