"""Where in a picture a model sees a label, from the similarity of each patch."""

import numpy as np
from PIL import Image

STRENGTH = 0.7  # of the colour where the label is seen with certainty


def heat_map(
    logits: np.ndarray, grid: tuple[int, int], size: tuple[int, int]
) -> np.ndarray:
    """Return how sure the patches are of a label at every pixel, (h, w) in [0, 1].

    The logits lie at the middles of the patches and are interpolated bilinearly; the
    map is their sigmoid. It is no share of the picture's own maximum, so it is cold
    all over where the label is not seen.

    Args:
        logits: Logit of each patch for the label, (N,), row by row, as
            ``SimilarityHead.patch_logits`` gives them for one picture and one label.
        grid: Rows and columns of patches, H * W == N.
        size: Width and height of the picture in pixels.

    Raises:
        ValueError: ``logits`` are not one for each patch of the grid, or are not
            finite, or a length is below 1.
    """
    smooth = _smooth('logits', logits, grid, size)
    return 1 / (1 + np.exp(-smooth.clip(-50, 50)))


def share_map(
    weights: np.ndarray, grid: tuple[int, int], size: tuple[int, int]
) -> np.ndarray:
    """Return the weights of the patches at every pixel, (h, w) in [0, 1].

    Of the largest: 1 is where the most weight lies, however little that is.

    Args:
        weights: Weight of each patch, (N,), none negative, such as one label's row of
            IFM's attention to the patches.
        grid: As for :func:`heat_map`, and so is the other.
        size: Of the picture.

    Raises:
        ValueError: As for :func:`heat_map`; or a weight is negative.
    """
    smooth = _smooth('weights', weights, grid, size)
    if smooth.min() < 0:
        raise ValueError(f'weights must not be negative; the least is {smooth.min()}.')
    return smooth / max(float(smooth.max()), np.finfo(np.float32).tiny)


def _smooth(
    name: str, values: np.ndarray, grid: tuple[int, int], size: tuple[int, int]
) -> np.ndarray:
    """Return the values of patches at every pixel, between their middles, (h, w)."""
    values = np.asarray(values, dtype=np.float32)
    if values.shape != (grid[0] * grid[1],):
        raise ValueError(
            f'{name} have the shape {values.shape}, and must be one for each patch of '
            f'the grid {grid}: ({grid[0] * grid[1]},). Choose one picture and label.'
        )
    if min(size) < 1 or min(grid) < 1:
        raise ValueError(f'size ({size}) and grid ({grid}) must be at least 1 by 1.')
    if not np.isfinite(values).all():
        raise ValueError(f'{name} must be finite; the model gives nan or inf here.')
    rows = Image.fromarray(values.reshape(grid))
    # larger than the grid, this is interpolation between the middles of the patches
    return np.asarray(rows.resize(size, Image.Resampling.BILINEAR))


def overlay(image: Image.Image, heat: np.ndarray) -> Image.Image:
    """Return the picture in grey, and in colour where the label is seen.

    Args:
        image: The picture.
        heat: Of :func:`heat_map`, as large as the picture.

    Raises:
        ValueError: ``heat`` has another size.
    """
    if heat.shape != (image.height, image.width):
        raise ValueError(
            f'heat has the shape {heat.shape}, and the picture {image.height} rows of '
            f'{image.width} pixels; make it with size={image.size}.'
        )
    from matplotlib import colormaps

    gray = np.asarray(image.convert('L'), dtype=np.float32)[..., None]
    colors = 255 * colormaps['autumn'](heat)[..., :3]
    part = STRENGTH * heat[..., None]
    return Image.fromarray((gray * (1 - part) + colors * part).round().astype(np.uint8))
