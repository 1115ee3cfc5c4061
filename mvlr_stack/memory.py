"""What a process does about its memory: what is freed, what is looked through."""

import ctypes
import functools
import gc
import os
import sys

# <malloc.h> of glibc
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_LARGEST_INT = 2**31 - 1
# Above the maps of 32 pictures of 224 px in the usual trunks (a MobileNetV2 has some of
# 154 MB). There is a bound because a small tensor that stays in the hole of a large one
# can make the process grow by another large one.
_MAPPED = 256 << 20
_MAPPED_OF_OLD = 32 << 20  # the most that older ones of glibc take
_PAD = 64 << 20  # asked for beyond what is wanted
# What a person may have set, or loaded in malloc's place, is theirs.
_OWN_CHOICES = ('GLIBC_TUNABLES', 'LD_PRELOAD', 'MALLOC_')


def keep_freed_memory() -> bool:
    """Reuse memory within this process, rather than give it back at once.

    torch gets the maps of every step on a CPU from malloc. glibc gives freed blocks
    back to the kernel, which fills their pages with zeros when they are asked for
    again. Kept blocks of less than 256 MB spare that; in exchange the process holds on
    to its largest use of them. Processes forked later, such as a loader's, do the same.
    An older glibc keeps those of less than 32 MB.

    Returns:
        Whether it was done: not without glibc, nor where the environment has settings
        of malloc already.
    """
    if sys.platform != 'linux':
        return False
    if any(name.startswith(_OWN_CHOICES) for name in os.environ):
        return False
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is None:
        return False
    bounded = any(mallopt(_MMAP_THRESHOLD, x) for x in (_MAPPED, _MAPPED_OF_OLD))
    # with these alone glibc would map all beyond 128 KB anew
    return bounded and all(
        [mallopt(_TRIM_THRESHOLD, _LARGEST_INT), mallopt(_TOP_PAD, _PAD)]
    )


@functools.cache
def freeze_imports() -> None:
    """Leave what is there by now out of Python's garbage collection; once a process.

    mmengine collects at every data set that it reads, and what torch, transformers and
    scikit-learn bring is most of what is looked through: most of a second a time.
    """
    gc.freeze()
