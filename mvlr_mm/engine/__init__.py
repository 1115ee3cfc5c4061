"""What surrounds the model while it runs: hooks, optimizer settings, checkpoints."""

from . import timm_checkpoint  # noqa: F401  changes timm's reader
from .autocast_optim_wrapper import AutocastOptimWrapper
from .checkpoint import load_weights
from .fit_loop import FitLoop
from .hooks import (
    CheckClassNames,
    CheckMetricNames,
    CheckWeights,
    FreezeModules,
    LeaveOutTextTower,
    ReportAverage,
    ResumeSchedule,
)
from .separate_rates_constructor import SeparateRatesConstructor
from .total_batch import share_batch
from .trained_weights_ema import TrainedWeightsEMA

__all__ = [
    'AutocastOptimWrapper',
    'CheckClassNames',
    'CheckMetricNames',
    'CheckWeights',
    'FitLoop',
    'FreezeModules',
    'LeaveOutTextTower',
    'ReportAverage',
    'ResumeSchedule',
    'SeparateRatesConstructor',
    'TrainedWeightsEMA',
    'load_weights',
    'share_batch',
]
