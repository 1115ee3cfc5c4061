"""What surrounds the model while it runs: hooks, optimizer settings, checkpoints."""

from .autocast_optim_wrapper import AutocastOptimWrapper
from .checkpoint import load_weights
from .hooks import CheckClassNames, FreezeModules
from .merged_groups_constructor import MergedGroupsConstructor
from .trainable_ema import TrainableEMA

__all__ = [
    'AutocastOptimWrapper',
    'CheckClassNames',
    'FreezeModules',
    'MergedGroupsConstructor',
    'TrainableEMA',
    'load_weights',
]
