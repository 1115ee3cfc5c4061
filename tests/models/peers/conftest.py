"""The size of a whole published model, counted without memory for its weights."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS
from torch.utils.flop_counter import FlopCounterMode

ROOT = Path(__file__).parents[3]


class Size(NamedTuple):
    """Of a model on one picture of 448 px."""

    parameters: float  # millions
    multiply_adds: float  # 10^9: convolutions, linear maps and matrix products


@pytest.fixture(scope='session')
def size_of() -> Callable[[str], Size]:
    """Measure the model of a config, a path below ``configs``."""

    # mmpretrain's ResNet reads the numbers of one, which the meta device has not
    line = partial(torch.linspace, device='cpu')

    @cache
    def measure(config: str) -> Size:
        cfg = Config.fromfile(ROOT / 'configs' / config)
        with torch.device('meta'), patch('torch.linspace', line):
            model = MODELS.build(cfg.model)
            with FlopCounterMode(display=False) as counter:
                model(torch.empty(1, 3, 448, 448))
        parameters = sum(p.numel() for p in model.parameters())
        return Size(parameters / 1e6, counter.get_total_flops() / 2e9)

    return measure


@pytest.fixture(scope='session')
def learns() -> Callable[[torch.nn.Module, dict], None]:
    """Check that a loss reaches every parameter that trains.

    That is what several processes need without ``find_unused_parameters``.
    """

    def check(head: torch.nn.Module, losses: dict) -> None:
        sum(losses.values()).backward()
        trained = {n: p for n, p in head.named_parameters() if p.requires_grad}
        assert not [n for n, p in trained.items() if p.grad is None]

    return check
