"""Compare the scores of a written file with those of the model."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ..extras import require

TOLERANCE = 1e-4
BATCHES = (1, 2, 3)

Scorer = Callable[[np.ndarray], np.ndarray]


def onnx_scorer(path: str | Path, threads: int = 0) -> Scorer:
    """Return a function from pictures (B, 3, H, W) to scores, run by onnxruntime.

    Args:
        path: Of the file.
        threads: How many it uses; 0 leaves that to onnxruntime.

    Raises:
        ImportError: onnxruntime is not installed.
    """
    runtime = require('onnxruntime', extra='export')
    options: Any = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = runtime.InferenceSession(
        str(path), options, providers=['CPUExecutionProvider']
    )
    return lambda images: session.run(['scores'], {'images': images})[0]


def pt2_scorer(path: str | Path) -> Scorer:
    """Return a function from pictures to scores, run by torch."""
    return torch_scorer(torch.export.load(str(path)).module())


def torch_scorer(module: nn.Module) -> Scorer:
    """Return a function from pictures to scores, run by a module."""

    def score(images: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return module(torch.from_numpy(images)).numpy()

    return score


def example_pictures(
    height: int, width: int, stride: int | None
) -> Iterator[np.ndarray]:
    """Yield batches of noise, (B, 3, H, W): of the size, and of one a patch larger.

    Args:
        height: In pixels.
        width: In pixels.
        stride: Of the patches; None where there is no other size.
    """
    rng = np.random.default_rng(0)
    sizes = [(height, width)]
    if stride is not None:
        sizes.append((height + stride, width + 2 * stride))
    for sides in sizes:
        for batch in BATCHES:
            yield rng.standard_normal((batch, 3, *sides), np.float32)


def check_scores(
    scorer: Scorer, expected: Scorer, height: int, width: int, stride: int | None
) -> float:
    """Return the largest difference of scores, on :func:`example_pictures`.

    Raises:
        RuntimeError: It is above ``TOLERANCE``.
    """
    worst = 0.0
    for images in example_pictures(height, width, stride):
        found, wanted = scorer(images), expected(images)
        difference = float(np.abs(found - wanted).max())
        if not difference <= TOLERANCE:  # nor NaN
            raise RuntimeError(
                f"the graph's scores differ from the model's by {difference:.2g} at "
                f'{images.shape}, and {TOLERANCE:g} is the most; nothing was written.'
            )
        worst = max(worst, difference)
    return worst
