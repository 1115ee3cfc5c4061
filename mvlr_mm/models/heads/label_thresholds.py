"""A threshold for each label, where a head predicts."""

from collections.abc import Mapping, Sequence
from math import inf

import torch
from torch import Tensor

from ...argument_checks import check_number
from ...labels.thresholds import label_thresholds


class LabelThresholds:
    """Thresholds by name, from a file of `mvlr thresholds` or as they are.

    They were searched on the scores of these labels together, so they are for these and
    no others.

    Args:
        given: Path of the file; or a threshold for each label, None for never.

    Attributes:
        classes: The label names, a tuple of str.
        by_name: The threshold of each label, a dict.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no file of thresholds, or a threshold is no finite number.
    """

    def __init__(self, given: str | Mapping[str, float | None]) -> None:
        if isinstance(given, str):
            self._source, self.by_name = given, label_thresholds(given)
        else:
            self._source = 'by label'
            for name, value in given.items():
                check_number(f'thr of {name!r}', value, or_none=True)
            self.by_name = {k: inf if x is None else x for k, x in given.items()}
        self.classes = tuple(self.by_name)

    def check(self, names: Sequence[str]) -> None:
        """Compare these labels with others, in any order.

        Raises:
            ValueError: They are not the same.
        """
        known = set(names)
        missing = [name for name in names if name not in self.by_name]
        left = [name for name in self.classes if name not in known]
        if missing or left:
            first = repr(missing[0]) if missing else f'{left[0]!r} of the thresholds'
            raise ValueError(
                f'thr ({self._source}) has thresholds for {len(self.classes)} labels '
                f'and the model has {len(names)}, which are not the same, first '
                f'{first}; search them anew after set_classes, or set a number.'
            )

    def beside(self, scores: Tensor, names: Sequence[str] | None = None) -> Tensor:
        """Return the thresholds of scores, (C,) float64, on their device.

        Args:
            scores: (B, C).
            names: The C labels; None where they are not known, and then in the order of
                the thresholds.

        Raises:
            ValueError: The scores are for other labels, or for another number of them.
        """
        labels = scores.shape[-1]
        if len(self.classes) != labels:
            raise ValueError(
                f'thr has thresholds for {len(self.classes)} labels and the model has '
                f'{labels}; search them anew after set_classes, or set a number.'
            )
        names = self.classes if names is None else names
        self.check(names)
        values = [self.by_name[name] for name in names]
        # not a buffer, which would become bfloat16 with the model
        return torch.tensor(values, dtype=torch.float64, device=scores.device)
