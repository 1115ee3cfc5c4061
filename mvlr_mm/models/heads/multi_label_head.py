"""What the heads share: targets, loss and predictions of several labels."""

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
        if self.label_thresholds is not None:  # which mmpretrain compares as numbers
            self.thr = self.label_thresholds.beside(cls_score)
        return super()._get_predictions(cls_score, data_samples)
