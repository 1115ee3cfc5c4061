"""Open pictures in full, on all cores."""

import hashlib
import io
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import cv2
import numpy as np
from mmengine.fileio import get
from PIL import Image, UnidentifiedImageError


class Inspection(NamedTuple):
    """What was found in a file."""

    digest: str | None  # of its bytes; None where they could not be read
    problem: str | None


def inspect_picture(path: str) -> Inspection:
    """Read and decode a picture, with Pillow and with what mmcv loads pictures with.

    Pillow tells a file that was cut off, OpenCV fills in what is missing; but OpenCV
    has fewer formats.

    Args:
        path: A file, or an address that mmengine reads.
    """
    try:
        content = get(path)
    except FileNotFoundError:
        return Inspection(None, 'does not exist')
    except OSError as error:
        return Inspection(None, f'cannot be read: {error.strerror}')
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    if not content:
        return Inspection(digest, 'is empty')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # large pictures, odd metadata
            Image.open(io.BytesIO(content)).load()
        decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except UnidentifiedImageError:
        return Inspection(digest, 'is no picture, or of a kind that Pillow cannot read')
    except Exception as error:  # decoders raise whatever they like
        return Inspection(digest, f'cannot be decoded: {error}')
    if decoded is None:
        problem = (
            'cannot be decoded by OpenCV, which loads it in training; save it anew'
        )
        return Inspection(digest, problem)
    return Inspection(digest, None)


def inspect_pictures(
    paths: Sequence[str], workers: int | None = None
) -> Iterator[Inspection]:
    """Yield the inspection of every picture, in order.

    Args:
        paths: Their paths.
        workers: Number of processes; None takes all cores that this one may use.
    """
    workers = workers or len(os.sched_getaffinity(0))
    # forked, so that no worker imports the whole package again
    context = get_context('fork')
    with ProcessPoolExecutor(workers, context, cv2.setNumThreads, (0,)) as pool:
        yield from pool.map(inspect_picture, paths, chunksize=16)
