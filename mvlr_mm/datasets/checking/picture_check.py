"""Load every picture, on all cores."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import NamedTuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from ...pictures import bits_of, decode_values, picture_bytes, to_8_bits
from ..transforms import LoadPicture


class Inspection(NamedTuple):
    """What was found in a file."""

    digest: str | None  # of its bytes; None where they could not be read
    problem: str | None
    bits: int | None = None  # that its values seem to have, where it stores 16


def inspect_picture(path: str, load: BaseTransform) -> Inspection:
    """Read and decode a picture as a training does.

    Args:
        path: A file, or an address that mmengine reads.
        load: The transform that loads it.
    """
    try:
        content = picture_bytes(path, getattr(load, 'backend_args', None))
    except FileNotFoundError:
        return Inspection(None, 'does not exist')
    except Exception as error:  # of addresses, backends raise whatever they like
        if str(error).startswith(f'{path} '):  # it says all that there is to say
            return Inspection(None, str(error).removeprefix(f'{path} ').rstrip('.'))
        reason = getattr(error, 'strerror', None) or error
        return Inspection(None, f'cannot be read: {reason}'.rstrip('.'))
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    try:
        values = decode_values(content, path)
        if type(load) is LoadPicture:  # without decoding it again
            to_8_bits(values, path, load.bits)
        else:
            _load(path, load, values)
    except Exception as error:  # loaders raise whatever they like
        text = str(error).removeprefix(f'{path} ').rstrip('.')
        return Inspection(digest, text or type(error).__name__)
    whole = values.dtype.kind in 'iu' and values.dtype != np.uint8
    return Inspection(digest, None, bits_of(values) if whole else None)


def _load(path: str, load: BaseTransform, values: np.ndarray) -> None:
    name = type(load).__name__
    if load({'img_path': path}) is None:
        raise ValueError(f'cannot be loaded by {name}, which says no more')
    if values.dtype != np.uint8 and not isinstance(load, LoadPicture):
        raise ValueError(
            f'has {values.dtype} values, which {name} does not scale; load it with '
            'LoadPicture'
        )


def inspect_pictures(
    paths: Sequence[str],
    loaders: Sequence[BaseTransform],
    workers: int | None = None,
) -> Iterator[Inspection]:
    """Yield the inspection of every picture, in order.

    Args:
        paths: Their paths.
        loaders: What loads each of them.
        workers: Number of processes; None takes all cores that this one may use.

    Raises:
        ChildProcessError: One of them was ended from outside.
    """
    workers = workers or len(os.sched_getaffinity(0))
    # forked, so that no worker imports the whole package again
    context = get_context('fork')
    try:
        with ProcessPoolExecutor(workers, context, cv2.setNumThreads, (0,)) as pool:
            yield from pool.map(inspect_picture, paths, loaders, chunksize=16)
    except BrokenProcessPool as error:
        raise ChildProcessError(
            'a process that opens pictures was ended from outside, by a lack of memory '
            'perhaps, as a huge picture takes it; start again with fewer --workers.'
        ) from error
