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
    values = np.asarray(logits, dtype=np.float32)
    if values.shape != (grid[0] * grid[1],):
        raise ValueError(
            f'logits have the shape {values.shape}, and must be one for each patch of '
            f'the grid {grid}: ({grid[0] * grid[1]},). Choose one picture and label.'
        )
    if min(size) < 1 or min(grid) < 1:
        raise ValueError(f'size ({size}) and grid ({grid}) must be at least 1 by 1.')
    if not np.isfinite(values).all():
        raise ValueError('logits must be finite; the model gives nan or inf here.')
    rows = Image.fromarray(values.reshape(grid))
    # larger than the grid, this is interpolation between the middles of the patches
    smooth = np.asarray(rows.resize(size, Image.Resampling.BILINEAR))
    return 1 / (1 + np.exp(-smooth.clip(-50, 50)))


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
