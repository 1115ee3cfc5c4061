"""A threshold for each label, where a head predicts."""

import torch
from torch import Tensor

from ...threshold_file import label_thresholds


class LabelThresholds:
    """Thresholds from a file of `mvlr thresholds`.

    The file has to name the model's labels in their order: ``CheckClassNames`` compares
    ``classes`` with those of the data.

    Args:
        file: Path of the file.

    Attributes:
        classes: The label names of the file, a tuple of str.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no file of thresholds.
    """

    def __init__(self, file: str) -> None:
        found = label_thresholds(file)
        self.classes = tuple(found)
        # no buffer, which would become bfloat16 with the model
        self._values = torch.tensor(list(found.values()), dtype=torch.float64)

    def beside(self, scores: Tensor) -> Tensor:
        """Return the thresholds, (C,), on the device of the scores, (B, C).

        Raises:
            ValueError: The scores are for another number of labels.
        """
        labels = scores.shape[-1]
        if len(self._values) != labels:
            raise ValueError(
                f'thr has thresholds for {len(self._values)} labels and the model has '
                f'{labels}; search them anew after set_classes, or set a number.'
            )
        self._values = self._values.to(scores.device)
        return self._values
