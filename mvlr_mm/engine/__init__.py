"""What surrounds the model while it runs: hooks, optimizer settings, checkpoints."""

from .autocast_optim_wrapper import AutocastOptimWrapper
from .checkpoint import load_weights
from .hooks import CheckClassNames, FreezeModules, ResumeSchedule
from .separate_rates_constructor import SeparateRatesConstructor
from .trained_weights_ema import TrainedWeightsEMA

__all__ = [
    'AutocastOptimWrapper',
    'CheckClassNames',
    'FreezeModules',
    'ResumeSchedule',
    'SeparateRatesConstructor',
    'TrainedWeightsEMA',
    'load_weights',
]
