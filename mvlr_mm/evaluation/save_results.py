"""The metric that writes the results of a test to a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmpretrain.registry import METRICS

from ..labels.thresholds import in_order, label_thresholds
from .results import Results, check_results_path, write_results
from .samples import refuse_missing, scores_and_target


@METRICS.register_module()
class SaveResults(BaseMetric):
    """Write scores, targets, class names and paths of a test run to a file.

    Stands among the metrics of an evaluator, and returns no number.

    Args:
        path: The file, .npz.
        protocol: Fields of the protocol that the run is tested under.
        thresholds: The file of thresholds that it is tested with, if it is.
        checkpoint: sha256 of the file of the weights, where that is known.
        collect_dir: As in mmengine.

    Raises:
        FileNotFoundError: The file of thresholds does not exist.
        ValueError: ``path`` is no .npz, or the file of thresholds is none.
    """

    default_prefix = 'saved'

    def __init__(
        self,
        path: str | Path,
        protocol: dict | None = None,
        thresholds: str | None = None,
        checkpoint: str = '',
        collect_dir: str | None = None,
    ) -> None:
        check_results_path(path)
        super().__init__(collect_dir=collect_dir)
        self.path = path
        self.protocol = protocol
        self.thresholds = thresholds
        self.checkpoint = checkpoint
        self._size: int | None = None
        self._found = None if thresholds is None else label_thresholds(thresholds)

    def number_names(self) -> list[str]:
        """Return the names of the numbers that an evaluation gives: none."""
        return []

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep scores, target and path of every image of a batch.

        Args:
            data_batch: Not used.
            data_samples: What the model returned, as dicts.
        """
        for sample in data_samples:
            path = str(sample.get('img_path', ''))
            self.results.append((*scores_and_target(sample), path))

    def evaluate(self, size: int) -> dict[str, float]:
        """Write the images of all processes, without what a sampler repeats.

        Args:
            size: Images of the data set.

        Raises:
            ValueError: Images are missing; nothing is written.
        """
        self._size = size
        return super().evaluate(size)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Write the file.

        Args:
            results: Scores, target and path of every image.
        """
        refuse_missing(len(results), self._size)
        scores, targets, paths = zip(*results, strict=True)
        names = (self.dataset_meta or {}).get('classes') or range(len(scores[0]))
        stacked = torch.stack(scores), torch.stack(targets)
        classes = [str(name) for name in names]
        tested = Results(*stacked, classes, list(paths), self.protocol)
        tested = tested._replace(checkpoint=self.checkpoint)
        if self._found is not None:
            thresholds = in_order(self._found, classes, self.thresholds)
            tested = tested._replace(
                thresholds=thresholds, thresholds_file=str(self.thresholds)
            )
        write_results(self.path, tested)
        MMLogger.get_current_instance().info(
            f'Results of {len(paths)} images: {self.path}'
        )
        return {}
