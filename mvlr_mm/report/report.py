"""Put the report together."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mvlr_stack.outputs import write_text

from ..apis.explain import Explanation
from . import errors, labels, looks, predictions, sheets
from .overview import head
from .page import page
from .pictures import Thumbnails
from .tested import Tested

SIDE = 128  # of a small picture
SHOWN = 16  # predictions of each kind: two rows on a wide screen


def write_report(
    path: str | Path,
    tested: Tested,
    title: str,
    model: str,
    suspects: Sequence[np.ndarray] | None = None,
    explained: Sequence[tuple[int, Explanation]] = (),
    maps: int = 6,
    pictures: int = 6,
) -> dict[str, str]:
    """Write the report.

    Args:
        path: The file, .html; written whole or not at all.
        tested: The results.
        title: The heading.
        model: What was tested.
        suspects: Of :func:`suspected_label_errors`; None without cleanlab.
        explained: Of some pictures of the test, their places and what the model makes
            of them.
        maps: How many of these are drawn; the relations are the mean of all.
        pictures: Pictures in each row of a contact sheet.

    Returns:
        The pictures that could not be read, and why.
    """
    thumbnail = Thumbnails(SIDE)
    seen = [one for _, one in explained]
    places = [row for row, _ in explained[:maps]]
    sections = [
        (predictions.TITLE, predictions.predictions(tested, thumbnail, SHOWN)),
        (labels.LABELS, labels.label_bars(tested)),
        (labels.CURVES, labels.curves(tested)),
        (errors.TITLE, errors.errors(tested)),
        (looks.LOOKS, looks.looks(tested, places, seen[:maps])),
        (looks.RELATION, looks.relation(tested, seen)),
        (sheets.TITLE, sheets.sheets(tested, thumbnail, pictures, suspects)),
    ]
    content = page(title, head(tested, model, suspects), sections)
    write_text(path, content)
    return thumbnail.lost
