"""A threshold for each label, where a head predicts."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...threshold_file import label_thresholds


class LabelThresholds:
    """Thresholds from a file of `mvlr thresholds`, applied by name.

    They were searched on the scores of these labels together, so they are for these and
    no others.

    Args:
        file: Path of the file.

    Attributes:
        classes: The label names of the file, a tuple of str.
        by_name: The threshold of each label, a dict.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no file of thresholds.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self.by_name = label_thresholds(file)
        self.classes = tuple(self.by_name)

    def check(self, names: Sequence[str]) -> None:
        """Compare the labels of the file with others, in any order.

        Raises:
            ValueError: They are not the same.
        """
        missing = [name for name in names if name not in self.by_name]
        left = [name for name in self.classes if name not in set(names)]
        if missing or left:
            first = repr(missing[0]) if missing else f'{left[0]!r} of the file'
            raise ValueError(
                f'thr ({self._file}) has thresholds for {len(self.classes)} labels and '
                f'the model has {len(names)}, which are not the same, first {first}; '
                'search them anew after set_classes, or set a number.'
            )

    def beside(self, scores: Tensor, names: Sequence[str] | None = None) -> Tensor:
        """Return the thresholds of scores, (C,) float64, on their device.

        Args:
            scores: (B, C).
            names: The C labels; None where they are not known, and then in the order of
                the file.

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
