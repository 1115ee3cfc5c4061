"""What a model costs beside what it scores: parameters, multiply-adds, time."""

import importlib
import json
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS
from torch import Tensor, nn

from mvlr_stack.outputs import write_text

from ..speed.report import machine
from ..speed.timing import compare
from .plan import key_of

SECONDS = 1.0  # of the clock for a model, and as many for the one beside it


class Cost(NamedTuple):
    """Of a model and one picture, without the text tower, which runs once for all.

    Args:
        parameters: Of the model.
        multiply_adds: Of one picture.
        ms: Of one picture alone in its batch, in evaluation, the labels encoded before.
        reference_ms: Of the reference, which took turns with it.
    """

    parameters: int
    multiply_adds: int
    ms: float
    reference_ms: float


class Costs:
    """Measures models, each in turns with the reference: a slow minute hits both.

    Args:
        reference: Config of the row that the others are compared with.
    """

    def __init__(self, reference: Config) -> None:
        self._cfg, self._model = reference, _contestant(reference)
        self._machine = machine()  # times of another one are no times here

    def kept(self, folder: Path, cfg: Config) -> Cost:
        """Return a cost that was measured before on this machine, or measure it.

        Args:
            folder: Where it lies, by what it is the cost of.
            cfg: Of a row.
        """
        what = [(c.model.to_dict(), c.test_dataloader) for c in (cfg, self._cfg)]
        path = folder / f'cost_{key_of([self._machine, *what])}.json'
        if path.is_file():
            return Cost(**json.loads(path.read_text()))
        cost = self.measure(cfg)
        write_text(path, json.dumps(cost._asdict()) + '\n')
        return cost

    def measure(self, cfg: Config) -> Cost:
        """Measure the model of a config, with random weights."""
        complexity = importlib.import_module('analysis.complexity')
        model, picture = _contestant(cfg)
        rows = complexity.measure(model, picture.shape[2:])
        total = next(row for row in rows if row.name == 'total')
        runs = {
            'reference': partial(_forward, *self._model),
            'row': partial(_forward, model, picture),
        }
        times = compare(runs, SECONDS)
        ms = (times[name]['ms'] for name in ('row', 'reference'))
        return Cost(total.parameters, total.multiply_adds, *ms)


def _contestant(cfg: Config) -> tuple[nn.Module, Tensor]:
    """Return a model and noise in the shape of a test picture, (1, 3, H, W)."""
    complexity = importlib.import_module('analysis.complexity')
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    shape = DATASETS.build(cfg.test_dataloader.dataset)[0]['inputs'].shape
    return complexity.build_from(cfg).eval(), torch.randn(1, *shape)


@torch.no_grad()
def _forward(model: nn.Module, picture: Tensor) -> Tensor:
    return model(picture)
