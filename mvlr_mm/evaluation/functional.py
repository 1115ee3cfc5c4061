"""Pure arithmetic of multi-label evaluation: scores and targets in, numbers out.

Letters: N images, C labels. Scores are (N, C), of any type of number; targets are
(N, C): 1 present, 0 absent, -1 unknown or left out. Both may be tensors or arrays.
Results are computed in float64.
"""

from .average_precision import average_precision
from .bootstrap import map_interval
from .calibration import (
    apply_temperatures,
    brier_score,
    calibration_error,
    fit_temperatures,
)
from .counts import decide, label_counts
from .f1 import precision_recall_f1
from .instances import (
    hamming_loss,
    instance_metrics,
    mean_accuracy,
    subset_accuracy,
)
from .means import mean_over_labels
from .ranking import ranking_metrics
from .thresholds import global_threshold, search_thresholds

__all__ = [
    'apply_temperatures',
    'average_precision',
    'brier_score',
    'calibration_error',
    'decide',
    'fit_temperatures',
    'global_threshold',
    'hamming_loss',
    'instance_metrics',
    'label_counts',
    'map_interval',
    'mean_accuracy',
    'mean_over_labels',
    'precision_recall_f1',
    'ranking_metrics',
    'search_thresholds',
    'subset_accuracy',
]
