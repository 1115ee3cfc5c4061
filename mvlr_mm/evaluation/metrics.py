"""The metric for configs: it gathers, `protocols.py` says what is computed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmpretrain.registry import METRICS

from ..labels.thresholds import in_order, label_thresholds
from .label_table import LabelRow, label_table
from .protocol_numbers import evaluate
from .protocols import protocol_of
from .samples import refuse_missing, scores_and_target
from .table_files import check_replaceable, check_table_path, write_table
from .table_text import format_table

_TIES = 0.01  # share of the scores


@METRICS.register_module()
class MultiLabelProtocol(BaseMetric):
    """All numbers of one evaluation protocol, under its name.

    The results are ``mlgcn/mAP``, ``mlgcn/CF1``, ``mlgcn/top3-CF1`` and so on, in
    percent. A table of every label goes to the log, with the protocol's fields.

    Reads ``pred_score`` (C,) and ``gt_score`` or ``gt_label`` of the data samples.

    Args:
        protocol: Name of the protocol, and prefix of the results: ``mlgcn`` (also
            MVLR's), ``asl``, ``sklearn``, ``voc07``, ``voc10``, ``mmpretrain``,
            ``pedestrian`` and the others of ``mvlr_mm.evaluation.protocols``.
        resamples: If positive, mAP comes with its 95 % bootstrap interval, ``mAP-low``
            and ``mAP-high``, from this many resamples.
        seed: Of the resamples.
        thresholds: A file of `mvlr thresholds`, whose thresholds replace ``thr``.
        classwise: Return ``AP/<label>``, ``F1/<label>`` too, which reach TensorBoard
            and the like as scalars.
        tables: Files for the table of the labels, .csv or .json, written anew at every
            evaluation; a file of another kind is not replaced.
        collect_device: As in mmengine.
        prefix: Prefix in place of the protocol's name.
        collect_dir: As in mmengine.
        **fields: Fields of :class:`~mvlr_mm.evaluation.protocols.Protocol` to change,
            such as ``thr=0.8`` or ``topk=5``.

    Raises:
        FileExistsError: A table would replace a file that is no such table.
        FileNotFoundError: The file of thresholds does not exist.
        ValueError: The protocol or a field is unknown, a field or ``resamples`` has a
            wrong value, the file of thresholds is none, or a table is neither .csv nor
            .json.
    """

    def __init__(
        self,
        protocol: str = 'mlgcn',
        resamples: int = 0,
        seed: int = 0,
        thresholds: str | None = None,
        classwise: bool = False,
        tables: Sequence[str] = (),
        collect_device: str = 'cpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
        **fields: Any,
    ) -> None:
        self.protocol = protocol_of(protocol, **fields)
        if resamples < 0:
            raise ValueError(
                f'resamples ({resamples}) must be 0, for no interval, or more.'
            )
        for path in tables:
            check_table_path(path)
            check_replaceable(path)
        super().__init__(collect_device, prefix or protocol, collect_dir)
        self.resamples = resamples
        self.seed = seed
        self.thresholds = thresholds
        self._found = None if thresholds is None else label_thresholds(thresholds)
        self.classwise = classwise
        self.tables = tuple(tables)
        self._size: int | None = None

    def number_names(self) -> list[str]:
        """Return the names of all numbers that an evaluation gives, without prefix."""
        labels = max(2, self.protocol.topk or 0)
        example = np.eye(labels)
        names = list(evaluate(example, example, self.protocol, None, self.resamples))
        if self.classwise:
            classes = (self.dataset_meta or {}).get('classes') or ()
            names += [f'{number}/{name}' for name in classes for number in ('AP', 'F1')]
        return names

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the scores and targets of one batch.

        Args:
            data_batch: Not used.
            data_samples: What the model returned, as dicts.
        """
        self.results.extend(scores_and_target(sample) for sample in data_samples)

    def evaluate(self, size: int) -> dict[str, float]:
        """Return all numbers, from the images of all processes.

        What a sampler repeats, so that every process has as many, is cut off.

        Args:
            size: Images of the data set.

        Raises:
            ValueError: Images are missing.
        """
        self._size = size
        return super().evaluate(size)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Return all numbers of the protocol, in percent.

        Args:
            results: A pair of scores (C,) and targets (C,) for every image.

        Raises:
            ValueError: Images are missing, or as for :func:`evaluate`.
        """
        refuse_missing(len(results), self._size)
        scores, targets = (torch.stack(rows) for rows in zip(*results, strict=True))
        _tell_of_ties(scores)
        names = self._names(scores.shape[1])
        options = (self.protocol, self._thresholds(names))
        numbers = evaluate(scores, targets, *options, self.resamples, self.seed)
        rows = label_table(scores, targets, names, *options)
        text = format_table(rows, self.protocol, targets, self.thresholds)
        MMLogger.get_current_instance().info(f'\n{text}')
        for path in self.tables:
            write_table(path, rows, self.protocol, numbers, self.thresholds)
        return numbers | (_scalars(rows) if self.classwise else {})

    def _names(self, labels: int) -> list[str]:
        names = (self.dataset_meta or {}).get('classes') or range(labels)
        return [str(name) for name in names]

    def _thresholds(self, names: list[str]) -> np.ndarray | None:
        if self._found is None:
            return None
        return in_order(self._found, names, self.thresholds)


def _tell_of_ties(scores: torch.Tensor) -> None:
    """Say that many scores are 1, where a ranking is not what the model means."""
    share = (scores == 1).double().mean().item()
    if share > _TIES:
        MMLogger.get_current_instance().warning(
            f'{100 * share:.0f} % of the scores are 1, to which the sigmoid of a logit '
            'above 17 is rounded. Equal scores have no order, and mAP suffers: lower '
            "the logits by the head's scale or bias."
        )


def _scalars(rows: Sequence[LabelRow]) -> dict[str, float]:
    scalars = {}
    for row in rows:
        if not np.isnan(row.ap):
            scalars[f'AP/{row.name}'] = row.ap
        if not np.isnan(row.f1):
            scalars[f'F1/{row.name}'] = row.f1
    return scalars
