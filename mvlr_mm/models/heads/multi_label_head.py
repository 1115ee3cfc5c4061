"""What the heads share: targets, loss and predictions of several labels."""

import torch
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.structures import DataSample
from torch import Tensor

from .batch_targets import batch_targets
from .label_thresholds import LabelThresholds


class MultiLabelHead(MultiLabelClsHead):
    """mmpretrain's head, which makes the targets of a batch in one go.

    Args:
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted; or a file of `mvlr
            thresholds`, which has one for each label.
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
        super().__init__(loss, thr, topk, init_cfg)
        self.label_thresholds = None
        if isinstance(thr, str):
            if topk is not None:
                raise ValueError(f'give thr, a file, or topk, not both: {thr}, {topk}.')
            self.label_thresholds = LabelThresholds(thr)
            self.classes = self.label_thresholds.classes

    def _get_loss(
        self, cls_score: Tensor, data_samples: list[DataSample], **kwargs: object
    ) -> dict[str, Tensor]:
        targets = batch_targets(data_samples, cls_score.shape[1])
        loss = self.loss_module(cls_score, targets, avg_factor=len(cls_score), **kwargs)
        return {'loss': loss}

    def _get_predictions(
        self, cls_score: Tensor, data_samples: list[DataSample] | None
    ) -> list[DataSample]:
        given = self.thr
        self.thr = self._thresholds(cls_score)
        try:  # mmpretrain's comparison does the rest
            return super()._get_predictions(cls_score, data_samples)
        finally:
            self.thr = given

    def _thresholds(self, scores: Tensor) -> Tensor | None:
        """Return the thresholds, (C,) or (1,), in float64 as the evaluation has them.

        torch would round a number, or (), to the type of the scores: 0.7 in float32 is
        below 0.7.
        """
        if self.label_thresholds is not None:
            return self.label_thresholds.beside(scores)
        if self.thr is None:
            return None
        return torch.tensor([self.thr], dtype=torch.float64, device=scores.device)
