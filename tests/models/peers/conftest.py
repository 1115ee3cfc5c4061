"""Files of three labels; what training must do; sizes, counted without memory."""

import runpy
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mvlr_mm.structures import VLFeatures

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
        head = cfg.model.head  # without the files that it reads
        if 'graph' in head:
            head.graph = None
        if 'label_vectors' in head:
            head.label_vectors = dict(glove=300, bert=768)[head.vectors_key]
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


NAMES = ('cat', 'dog', 'dining table')
COUNTS = np.array([6, 8, 4])
TOGETHER = np.array([[0, 3, 1], [3, 0, 2], [1, 2, 0]])


@pytest.fixture(scope='session')
def label_file(tmp_path_factory):
    """The path, names, vectors (3, 4), and P(j | i) of a file of both kinds."""
    vectors = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    path = tmp_path_factory.mktemp('labels') / 'labels.npz'
    np.savez(path, names=NAMES, glove=vectors, counts=COUNTS, cooccurrence=TOGETHER)
    probabilities = torch.tensor(TOGETHER / COUNTS[:, None])
    return SimpleNamespace(
        path=str(path),
        names=NAMES,
        vectors=torch.from_numpy(vectors),
        probabilities=probabilities.float(),
    )


@pytest.fixture
def patches():
    """Patches of two pictures, (2, 12, 8)."""
    torch.manual_seed(0)
    return VLFeatures(torch.randn(2, 12, 8, requires_grad=True), (3, 4))


def samples_of(labels):
    return [DataSample().set_gt_label(found) for found in labels]


@pytest.fixture
def train_once():
    """Take a loss and its gradients; every parameter must have one."""

    def run(head, feats, labels=((0,), (1, 2))):
        losses = head.train().loss(feats, samples_of(labels))
        head.zero_grad()
        sum(losses.values()).backward()
        without = [
            name
            for name, parameter in head.named_parameters()
            if parameter.grad is None or not parameter.grad.any()
        ]
        assert not without
        assert all(p.grad.isfinite().all() for p in head.parameters())
        return {name: value.item() for name, value in losses.items()}

    return run


class _OnPatches(nn.Module):
    """A head on 196 patches, a picture of 448 px behind ResNet-101."""

    def __init__(self, head, width):
        super().__init__()
        self.head, self.width = head, width

    def forward(self, images):
        visual = images.new_zeros(1, 196, self.width)
        labels = images.new_zeros(80, self.width)
        return self.head(VLFeatures(visual, (14, 14), labels=labels))


@pytest.fixture(scope='session')
def cost():
    """Parameters and multiply-adds of a head for 80 labels at 448 px."""
    tool = runpy.run_path(str(ROOT / 'tools/analysis/complexity.py'))

    def count(width=2048, **config):
        with torch.device('meta'):
            head = MODELS.build(dict(config, embed_dim=width))
            row = tool['measure'](_OnPatches(head, width), (1, 1))[-1]
        return row.parameters, row.multiply_adds

    return count
