"""A threshold for each label, where a head predicts."""

import torch
from mmpretrain.structures import DataSample
from torch import Tensor

from ...threshold_file import label_thresholds
from .batch_targets import BatchTargetsHead


class LabelThresholdHead(BatchTargetsHead):
    """mmpretrain's head, with thresholds from a file of `mvlr thresholds` on request.

    The file has to name the model's labels in their order: ``CheckClassNames`` compares
    ``classes``, its names, with those of the data.

    Args:
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted; or a file of thresholds.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        FileNotFoundError: The file of thresholds does not exist.
        ValueError: The file is none, or ``topk`` is given with it; or, in ``predict``,
            it is for another number of labels than the model's.
    """

    def __init__(
        self,
        loss: dict,
        thr: float | str | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        file = thr if isinstance(thr, str) else None
        if file is not None and topk is not None:
            raise ValueError(f'give thr, a file, or topk, not both: {thr}, {topk}.')
        super().__init__(loss, thr, topk, init_cfg)
        if file is not None:
            found = label_thresholds(file)
            self.classes = tuple(found)
            # no buffer, which would become bfloat16 with the model
            self.thr = torch.tensor(list(found.values()), dtype=torch.float64)

    def _get_predictions(
        self, cls_score: Tensor, data_samples: list[DataSample] | None
    ) -> list[DataSample]:
        """Set scores and labels of the samples; mmpretrain's comparison does both."""
        if isinstance(self.thr, Tensor):
            labels = cls_score.shape[-1]
            if len(self.thr) != labels:
                raise ValueError(
                    f'thr has thresholds for {len(self.thr)} labels and the model has '
                    f'{labels}; search them anew after set_classes, or set a number.'
                )
            self.thr = self.thr.to(cls_score.device)
        return super()._get_predictions(cls_score, data_samples)
