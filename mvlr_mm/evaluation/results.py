"""Scores and targets of a test run in a file, to be evaluated again without the model.

The file is a plain npz: reading it runs no code, unlike a pickle.
"""

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmpretrain.registry import METRICS

from .columns import checked
from .protocols import protocol_of

_NO_RESULTS = (
    AttributeError,
    EOFError,
    KeyError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
)
KEYS = ('scores', 'targets', 'classes', 'paths', 'protocol')


class Results(NamedTuple):
    """What a model said of N images and C labels, and what is true."""

    scores: np.ndarray  # (N, C)
    targets: np.ndarray  # (N, C) int8: 1 present, 0 absent, -1 unknown
    classes: list[str]
    paths: list[str]  # of the N images; empty strings where unknown
    protocol: dict | None = None  # fields of the protocol it was tested under


def write_results(path: str | Path, results: Results) -> None:
    """Write results, whole or not at all.

    Args:
        path: The file, .npz.
        results: What to write.

    Raises:
        ValueError: The suffix is another, or as for :func:`checked`.
    """
    check_results_path(path)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    scores, targets = checked(results.scores, results.targets)
    part = path.with_suffix('.part')
    with open(part, 'wb') as file:
        np.savez(
            file,
            scores=scores,
            targets=targets,
            classes=np.array(results.classes, dtype=np.str_),
            paths=np.array(results.paths, dtype=np.str_),
            protocol=np.array(json.dumps(results.protocol)),
        )
    os.replace(part, path)


def read_results(path: str | Path) -> Results:
    """Read results; runs nothing that the file holds.

    Args:
        path: A file of :func:`write_results`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is a pickle, is cut off, or does not fit together.
    """
    check_results_path(path)
    if not Path(path).is_file():
        raise FileNotFoundError(
            f'results {path}: no such file; write it with `mvlr test CONFIG CHECKPOINT '
            '--out FILE.npz`.'
        )
    try:
        with np.load(path, allow_pickle=False) as content:
            scores, targets, classes, paths, protocol = (content[key] for key in KEYS)
        protocol = json.loads(str(protocol))
        if protocol is not None:
            protocol_of(**protocol)  # refuses what is no protocol
    except _NO_RESULTS as error:
        raise ValueError(
            f'{path} holds no results, or was cut off ({error}); write it again with '
            '`mvlr test CONFIG CHECKPOINT --out FILE.npz`.'
        ) from error
    scores, targets = checked(scores, targets)
    if scores.shape != (len(paths), len(classes)):
        raise ValueError(
            f'{path} has scores of shape {scores.shape} for {len(paths)} images and '
            f'{len(classes)} classes; write it again.'
        )
    return Results(scores, targets, classes.tolist(), paths.tolist(), protocol)


def check_results_path(path: str | Path) -> None:
    """Refuse a path that is no results file.

    Raises:
        ValueError: Its suffix is not .npz.
    """
    if Path(path).suffix != '.npz':
        raise ValueError(
            f'results {path}: must be a .npz file as `mvlr test --out FILE.npz` writes '
            'it; a pickle could run any code when read, so it is not.'
        )


def scores_and_target(sample: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the scores and the target of one image, (C,) each, on the CPU.

    Args:
        sample: A data sample as dict, with ``pred_score`` (C,), and ``gt_score`` (C,)
            or the indices ``gt_label``.

    Raises:
        ValueError: A label is out of range.
    """
    scores = sample['pred_score'].detach().cpu()
    target = sample.get('gt_score')
    if target is not None:
        return scores, target.detach().cpu()
    labels = torch.as_tensor(sample['gt_label'], dtype=torch.long).cpu().reshape(-1)
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(scores):
        raise ValueError(
            f'gt_label {labels.tolist()} of {sample.get("img_path", "an image")} does '
            f'not lie in 0 to {len(scores) - 1}, the labels that the model scores.'
        )
    target = torch.zeros(len(scores), dtype=torch.int8)
    target[labels] = 1
    return scores, target


@METRICS.register_module()
class SaveResults(BaseMetric):
    """Write scores, targets, class names and paths of a test run to a file.

    Stands among the metrics of an evaluator, and returns no number.

    Args:
        path: The file, .npz.
        protocol: Fields of the protocol that the run is tested under.
        collect_dir: As in mmengine.
    """

    default_prefix = 'saved'

    def __init__(
        self,
        path: str | Path,
        protocol: dict | None = None,
        collect_dir: str | None = None,
    ) -> None:
        check_results_path(path)
        super().__init__(collect_dir=collect_dir)
        self.path = path
        self.protocol = protocol

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep scores, target and path of every image of a batch.

        Args:
            data_batch: Not used.
            data_samples: What the model returned, as dicts.
        """
        for sample in data_samples:
            path = str(sample.get('img_path', ''))
            self.results.append((*scores_and_target(sample), path))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Write the file.

        Args:
            results: Scores, target and path of every image.
        """
        scores, targets, paths = zip(*results, strict=True)
        names = (self.dataset_meta or {}).get('classes') or range(len(scores[0]))
        stacked = torch.stack(scores), torch.stack(targets)
        classes = [str(name) for name in names]
        write_results(self.path, Results(*stacked, classes, list(paths), self.protocol))
        MMLogger.get_current_instance().info(
            f'Results of {len(paths)} images: {self.path}'
        )
        return {}
