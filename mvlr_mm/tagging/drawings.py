"""What a model says of a picture, drawn."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from mvlr_stack.outputs import whole_file

from ..apis.tagged import Tagged
from ..pictures import read_picture
from ..visualization import draw_sheet, heat_map, overlay
from ..visualization.captions import Line, label_lines

_SIDE = 800  # of a picture with its tags


def common_folder(paths: Sequence[str]) -> str:
    """Return the folder that all pictures lie in, or below."""
    return os.path.commonpath([os.path.dirname(os.path.abspath(p)) for p in paths])


def drawing_path(folder: str | Path, picture: str, root: str) -> Path:
    """Return where the drawing of a picture lies, without an ending.

    Args:
        folder: Of the drawings.
        picture: Path of the picture.
        root: The folder of all pictures, whose folders the drawings have again.
    """
    return Path(folder) / os.path.relpath(os.path.abspath(picture), root)


def draw_tags(path: Path, found: Tagged) -> None:
    """Draw a picture with its tags and their scores below.

    Args:
        path: File to write.
        found: What the model says.
    """
    tags = [f'{score:.2f} {label}' for label, score in found.tags]
    lines: list[Line] = label_lines(tags)
    image = _image(found.path)
    side = min(max(image.size), _SIDE)
    # a long name takes several
    draw_sheet(path, [image], [lines], side=max(side, 160), lines=sys.maxsize)


def draw_heat_maps(
    start: Path, found: Tagged, classes: Sequence[str], most: int = 20
) -> list[Path]:
    """Draw where the model sees each tag, a file for each; return the files.

    Args:
        start: Start of the files' names; rank and label follow.
        found: What the model says, with its heat maps.
        classes: The labels, in the order of the heat maps.
        most: How many tags are drawn, the best.
    """
    image = _image(found.path)
    drawn = []
    places = {name: i for i, name in enumerate(classes)}
    for rank, (label, _) in enumerate(found.tags[:most], start=1):
        logits = found.heatmap[places[label]]
        heat = heat_map(logits.ravel(), logits.shape, image.size)
        name = re.sub(r'[^\w .-]', '_', label)[:60]
        drawn.append(start.with_name(f'{start.name}_{rank:02d}_{name}.png'))
        with whole_file(drawn[-1]) as file:
            overlay(image, heat).save(file)
    return drawn


def _image(path: str) -> Image.Image:
    return Image.fromarray(read_picture(os.path.expanduser(path))[..., ::-1])
