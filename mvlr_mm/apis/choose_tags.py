"""Which labels are a picture's tags."""

import math
import os
from collections.abc import Mapping, Sequence

import numpy as np

from ..argument_checks import check_count
from ..labels.thresholds import in_order, read_thresholds
from ..near_names import nearest_names

STORED = 'stored'

Thresholds = float | str | os.PathLike | Sequence[float] | Mapping[str, float] | None


class TagChoice:
    """Choose labels by their scores.

    Args:
        names: The C labels.
        thr: Score from which a label counts: one for all; one for each, by name or in
            their order; ``'stored'``, those that are kept with the model; the path of
            a file of `mvlr thresholds`; None for no such rule.
        topk: The most labels that a picture gets, the best of them.
        stored: Thresholds by name, if the model has any.

    Raises:
        FileNotFoundError: ``thr`` is a path that leads nowhere.
        ValueError: ``thr`` or ``topk`` breaks its rule, or says nothing of a label.
    """

    def __init__(
        self,
        names: Sequence[str],
        thr: Thresholds = 0.5,
        topk: int | None = None,
        stored: Mapping[str, float] | None = None,
    ) -> None:
        check_count('topk', topk, or_none=True)
        self.names, self.topk = tuple(names), topk
        # in float64, as the evaluation has them: 0.7 in float32 is below 0.7
        self.thresholds = _thresholds(self.names, thr, stored)

    def __call__(self, scores: np.ndarray) -> tuple[tuple[str, float], ...]:
        """Return labels with their scores, best first.

        Args:
            scores: (C,).
        """
        order = np.argsort(-scores, kind='stable')
        chosen = order[scores.astype(np.float64)[order] >= self.thresholds[order]]
        return tuple((self.names[i], float(scores[i])) for i in chosen[: self.topk])


def _thresholds(
    names: tuple[str, ...], thr: Thresholds, stored: Mapping[str, float] | None
) -> np.ndarray:
    """Return the thresholds, (C,) float64."""
    if isinstance(thr, os.PathLike):
        return read_thresholds(thr, names)
    if thr is None:
        return np.full(len(names), -np.inf)
    if isinstance(thr, str) and thr != STORED:
        return read_thresholds(thr, names)
    if isinstance(thr, str):
        if stored is None:
            raise ValueError(
                "thr='stored': the model has no thresholds; write them beside its "
                'checkpoint: `mvlr thresholds RESULTS --out WORK_DIR/thresholds.json`.'
            )
        return in_order(stored, names, "thr='stored'")
    if isinstance(thr, Mapping):
        known = set(names)
        strange = [name for name in thr if name not in known]
        if strange:
            raise ValueError(
                f'thr names {strange[0]!r}, which is no label; nearest: '
                f'{nearest_names(strange[0], names)}.'
            )
        never = {name: math.inf if x is None else x for name, x in thr.items()}
        return _checked(in_order(never, names, 'thr'), names)
    return _checked(np.asarray(thr, dtype=np.float64), names)


def _checked(values: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    if values.shape not in ((), (len(names),)) or np.isnan(values).any():
        raise ValueError(
            f'thr ({values}) must be one number, or one for each of the {len(names)} '
            'labels.'
        )
    return np.broadcast_to(values, len(names))
