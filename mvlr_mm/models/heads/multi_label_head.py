"""What the heads share: targets, loss and predictions of several labels."""

import os
from collections.abc import Mapping, Sequence

import torch
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.structures import DataSample
from torch import Tensor

from ...argument_checks import check_count, check_number
from .batch_targets import batch_targets
from .label_thresholds import LabelThresholds
from .probabilities import probabilities


class MultiLabelHead(MultiLabelClsHead):
    """mmpretrain's head, which makes the targets of a batch in one go.

    Args:
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted; or one for each label, by
            name or in a file of `mvlr thresholds`.
        topk: Number of labels predicted, instead of ``thr``; all where there are fewer.
        init_cfg: As in mmengine.

    Raises:
        FileNotFoundError: The file of thresholds does not exist.
        ValueError: The file is none, ``topk`` is given with it, a threshold is no
            finite number, or ``topk`` below 1; or, in ``predict``, the thresholds are
            for other labels than the model's.
    """

    def __init__(
        self,
        loss: dict,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        thr = os.fspath(thr) if isinstance(thr, os.PathLike) else thr
        by_label = isinstance(thr, (str, Mapping))
        if not by_label:
            check_number('thr', thr, or_none=True)
        check_count('topk', topk, or_none=True)
        super().__init__(loss, thr, topk, init_cfg)
        self.label_thresholds = None
        if by_label:
            if topk is not None:
                raise ValueError(
                    f'give thr of each label, or topk, not both: {thr}, {topk}.'
                )
            self.label_thresholds = LabelThresholds(thr)

    def check_labels(self, names: Sequence[str]) -> None:
        """Compare the labels of the data with those of a file of thresholds.

        Args:
            names: Labels of the data.

        Raises:
            ValueError: They are not the same.
        """
        if self.label_thresholds is not None:
            self.label_thresholds.check(names)

    def predict(
        self, feats: object, data_samples: list[DataSample] | None = None
    ) -> list[DataSample]:
        """Set scores and predicted labels of the samples.

        Args:
            feats: What ``forward`` takes; thresholds go by its ``names``, if any.
            data_samples: The B pictures, or None for new ones.

        Raises:
            ValueError: The thresholds are for other labels.
        """
        names = getattr(feats, 'names', None)
        return self._get_predictions(self(feats), data_samples, names)

    def _get_predictions(
        self,
        cls_score: Tensor,
        data_samples: list[DataSample] | None,
        names: Sequence[str] | None = None,
    ) -> list[DataSample]:
        scores, thr = probabilities(cls_score), self._thresholds(cls_score, names)
        samples = (
            [DataSample() for _ in scores] if data_samples is None else data_samples
        )
        for sample, score in zip(samples, scores, strict=True):
            if thr is not None:
                labels = torch.where(score >= thr)[0]
            else:
                labels = score.topk(min(self.topk, len(score))).indices
            sample.set_pred_score(score).set_pred_label(labels)
        return samples

    def _thresholds(self, scores: Tensor, names: Sequence[str] | None) -> Tensor | None:
        """Return the thresholds, (C,) or (1,), in float64 as the evaluation has them.

        torch would round a number, or (), to the type of the scores: 0.7 in float32 is
        below 0.7.
        """
        if self.label_thresholds is not None:
            return self.label_thresholds.beside(scores, names)
        if self.thr is None:
            return None
        return torch.tensor([self.thr], dtype=torch.float64, device=scores.device)

    def _get_loss(
        self, cls_score: Tensor, data_samples: list[DataSample], **kwargs: object
    ) -> dict[str, Tensor]:
        targets = batch_targets(data_samples, cls_score.shape[1])
        loss = self.loss_module(cls_score, targets, avg_factor=len(cls_score), **kwargs)
        return {'loss': loss}
