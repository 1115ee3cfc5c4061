"""What the arguments of `mvlr infer` and `mvlr tag` say makes a label a tag."""

import argparse
import os

import numpy as np

from mvlr_mm.apis import LoadedModel
from mvlr_mm.apis.choose_tags import STORED, TagChoice
from mvlr_mm.labels.names import read_label_names

_FILES = ('.txt', '.json')  # no label is called so


def read_classes(text: str | None) -> tuple[str, ...] | None:
    """Return the labels of ``--classes``: of a file, or with commas between them.

    Raises:
        FileNotFoundError: It is named as a file is, and there is none.
        ValueError: As for :func:`~mvlr_mm.labels.names.read_label_names`.
    """
    if text is None:
        return None
    if os.path.isfile(os.path.expanduser(text)):
        return read_label_names(text)
    if text.lower().endswith(_FILES):
        raise FileNotFoundError(
            f'--classes {text}: no such file; name another, or write the labels '
            'themselves with commas between: a,b,c.'
        )
    return read_label_names([name.strip() for name in text.split(',')])


def thresholds_of(
    args: argparse.Namespace, loaded: LoadedModel, names: tuple[str, ...]
) -> np.ndarray:
    """Return the scores from which labels are tags, (C,).

    Args:
        args: Of the command line.
        loaded: The model.
        names: The C labels.

    Raises:
        FileNotFoundError: ``--thr`` is a path that leads nowhere.
        ValueError: ``--thr`` says nothing of a label, or is no threshold.
    """
    thr = args.thr
    if thr is None:
        own = loaded.thresholds is not None and args.classes is None
        thr = STORED if own else 0.5
    elif thr != STORED and not os.path.exists(thr):
        try:
            thr = float(thr)
        except ValueError:
            raise ValueError(
                f'--thr {thr} must be a number, `stored`, or a file of `mvlr '
                'thresholds`.'
            ) from None
        if thr > 1:
            raise ValueError(
                f'--thr {thr:g} must be at most 1, as scores are: with it no picture '
                'would have a tag.'
            )
    found = TagChoice(names, thr, stored=loaded.thresholds).thresholds
    low = -np.inf if args.min_score is None else args.min_score
    return np.maximum(found, low)
