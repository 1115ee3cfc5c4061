"""Metrics for configs: they gather, `functional.py` computes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmpretrain.registry import METRICS
from mmpretrain.structures import label_to_onehot

from .counts import harmonic_mean
from .functional import average_precision, label_counts, precision_recall_f1

PROTOCOLS = ('mlgcn',)


@METRICS.register_module()
class MultiLabelProtocol(BaseMetric):
    """All numbers of one evaluation protocol, under its name.

    ``mlgcn``, the line of ML-GCN, ADD-GCN, SALGL and MVLR: mAP from non-interpolated
    AP; CP, CR, CF1, OP, OR and OF1 at ``thr``, and again for the labels that are also
    among the ``topk`` highest of their image. In percent. Labels without a positive
    image are left out of mAP. A table of every label goes to the log.

    Reads ``pred_score`` (C,) and ``gt_score`` or ``gt_label`` of the data samples.

    Args:
        protocol: Name of the protocol, and prefix of the results: ``mlgcn/mAP``,
            ``mlgcn/CF1``, ``mlgcn/top3-CF1`` and so on.
        thr: A label is predicted where its score is at least this.
        topk: How many labels of an image the second group of numbers considers.
        collect_device: As in mmengine.
        prefix: Prefix in place of the protocol's name.
        collect_dir: As in mmengine.

    Raises:
        ValueError: The protocol is unknown.
    """

    def __init__(
        self,
        protocol: str = 'mlgcn',
        thr: float = 0.5,
        topk: int = 3,
        collect_device: str = 'cpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        if protocol not in PROTOCOLS:
            raise ValueError(f'protocol ({protocol!r}) must be one of {PROTOCOLS}.')
        super().__init__(collect_device, prefix or protocol, collect_dir)
        self.thr = thr
        self.topk = topk

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the scores and targets of one batch.

        Args:
            data_batch: Not used.
            data_samples: What the model returned, as dicts.
        """
        for sample in data_samples:
            scores = sample['pred_score'].detach().cpu()
            target = sample.get('gt_score')
            if target is None:
                target = label_to_onehot(sample['gt_label'], len(scores))
            self.results.append((scores, target.cpu()))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Return all numbers of the protocol, in percent.

        Args:
            results: A pair of scores (C,) and targets (C,) for every image.
        """
        scores, targets = (torch.stack(rows) for rows in zip(*results, strict=True))
        ap = 100 * average_precision(scores, targets)
        self._log_table(ap, scores, targets)
        known = ap[~np.isnan(ap)]
        top = precision_recall_f1(scores, targets, self.thr, self.topk)
        return {
            'mAP': float(known.mean()) if len(known) else float('nan'),
            **precision_recall_f1(scores, targets, self.thr),
            **{f'top{self.topk}-{key}': value for key, value in top.items()},
        }

    def _log_table(
        self, ap: np.ndarray, scores: torch.Tensor, targets: torch.Tensor
    ) -> None:
        """Write a line for each label, and how many have no positive image."""
        names = (self.dataset_meta or {}).get('classes') or range(len(ap))
        names = [str(name) for name in names]
        width = max(len('label'), *map(len, names))
        lines = [f'{"label":{width}} support     AP      P      R     F1']
        counts = label_counts(scores, targets, self.thr)
        for name, label_ap, correct, predicted, actual, _ in zip(
            names, ap, *counts, strict=True
        ):
            precision = 100 * correct / max(predicted, 1)
            recall = 100 * correct / max(actual, 1)
            f1 = harmonic_mean(precision, recall)
            lines.append(
                f'{name:{width}} {actual:7} {label_ap:6.2f} '
                f'{precision:6.2f} {recall:6.2f} {f1:6.2f}'
            )
        lines.append(
            f'{len(scores)} images; {np.isnan(ap).sum()} of {len(ap)} labels have no '
            f'positive image and are left out of mAP; P, R and F1 at {self.thr}.'
        )
        MMLogger.get_current_instance().info('\n'.join(['', *lines]))
