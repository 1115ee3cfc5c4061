"""Whole models: MVLR beside other heads on its own trunk, and what `optimize` gains.

Inference of one batch, random weights and pictures. `backbone + linear` is the same
trunk and projection with the mean of the patches and a linear head. The decoders take
the trunk's last map as theirs do, and have their published sizes.
"""

import argparse
import copy
import importlib
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mvlr_mm.apis import optimize
from mvlr_mm.models.layers.onednn_maps import use_onednn
from mvlr_stack.arguments import at_least

from .decoders import ml_decoder_like, q2l_like
from .report import Result, table
from .timing import compare

PLAIN = 'backbone + linear'
# the layout is what `optimize` finds faster, as it is for a model in training
STEPS = {
    'as trained': None,
    '+ BatchNorm folded': dict(),
    '+ bfloat16 backbone': dict(dtype=torch.bfloat16),
    '+ torch.compile': dict(dtype=torch.bfloat16, torch_compile=True),
}


class OnPatches(nn.Module):
    """A backbone and a head for its patches."""

    def __init__(self, backbone: nn.Module, head: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head

    def forward(self, images: Tensor) -> Tensor:
        """Turn images (B, 3, H, W) into logits (B, C)."""
        return self.head(self.backbone(images).visual)


class Mean(nn.Module):
    """The mean of the patches."""

    def forward(self, patches: Tensor) -> Tensor:
        """Turn patches (B, N, D) into (B, D)."""
        return patches.mean(1)


class Speed(NamedTuple):
    """What was measured with one batch size."""

    batch: int
    heads: dict[str, dict[str, dict[str, float | int]]]  # each with the plain one
    steps: dict[str, dict[str, float | int]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this part can be told."""
    parser.add_argument('--config', default='configs/mvlr/mvlr_rn101_coco.py')
    parser.add_argument('--batches', type=at_least(1), nargs='+', default=[1, 8])
    parser.add_argument(
        '--side', type=at_least(1), default=448, help='of a picture, px'
    )
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument('--no-compile', action='store_true', help='leave that step out')


def build(args: argparse.Namespace) -> nn.Module:
    """Return the config's model with random weights, for inference."""
    complexity = importlib.import_module('analysis.complexity')
    return complexity.build(args.config).eval().to(args.device)


def contestants(model: nn.Module) -> dict[str, nn.Module]:
    """Return MVLR and other heads on its backbone, by name.

    Args:
        model: MVLR on a backbone with a ``tower``.
    """
    backbone, labels = model.backbone, len(model.neck.classes)
    unprojected = copy.deepcopy(backbone)
    channels = unprojected.tower.proj.in_features
    unprojected.tower.proj = nn.Identity()
    linear = nn.Sequential(Mean(), nn.Linear(backbone.embed_dim, labels))
    models = {
        PLAIN: OnPatches(backbone, linear),
        'MVLR': model,
        'ML-Decoder-like': OnPatches(unprojected, ml_decoder_like(channels, labels)),
        'Q2L-like': OnPatches(unprojected, q2l_like(channels, labels)),
    }
    device = next(backbone.parameters()).device
    return {n: use_onednn(each).eval().to(device) for n, each in models.items()}


@torch.no_grad()
def forward(model: nn.Module, images: Tensor) -> Tensor:
    """Run a model without a gradient."""
    return model(images)


def difference(scores: Tensor, wanted: Tensor) -> dict[str, float]:
    """Return how far probabilities are from those of the model as trained."""
    apart = (scores.sigmoid() - wanted.sigmoid()).abs()
    return {'largest': float(apart.max()), 'mean': float(apart.mean())}


def measure(model: nn.Module, batch: int, args: argparse.Namespace) -> Speed:
    """Time everything with one batch size.

    Each head is timed against the plain one alone: a large one would push the others'
    weights out of the caches and their maps out of the memory that the process keeps.
    """
    shape = (batch, 3, args.side, args.side)
    images = torch.randn(shape, device=args.device)
    runs = {n: partial(forward, m, images) for n, m in contestants(model).items()}
    plain = runs.pop(PLAIN)
    heads = {
        name: compare({PLAIN: plain, name: run}, args.seconds, args.device)
        for name, run in runs.items()
    }

    models = {'as trained': model}
    for name, how in STEPS.items():
        if how is not None and not (args.no_compile and how.get('torch_compile')):
            models[name] = optimize(model, shape, **how)
    runs = {name: partial(forward, each, images) for name, each in models.items()}
    wanted = forward(model, images)
    apart = {name: difference(run(), wanted) for name, run in runs.items()}
    times = compare(runs, args.seconds, args.device)
    return Speed(batch, heads, {name: times[name] | apart[name] for name in runs})


def tables(result: Speed) -> dict[str, str]:
    """Return the tables of one batch size by heading."""
    pairs = [
        [name, times[name]['ms'], times[PLAIN]['ms']]
        for name, times in result.heads.items()
    ]
    heads = table(
        ['model', 'ms', f'{PLAIN}, ms', 'ratio'],
        [[*pair, pair[1] / pair[2]] for pair in pairs],
    )
    first = result.steps['as trained']['ms']
    columns = ['step', 'ms', 'times as fast', 'scores differ by at most', 'on average']
    rows = [
        [name, t['ms'], first / t['ms'], t['largest'], t['mean']]
        for name, t in result.steps.items()
    ]
    batch = f'batch {result.batch}'
    return {f'Heads, {batch}': heads, f'optimize(), {batch}': table(columns, rows)}


def run(args: argparse.Namespace) -> Result:
    """Measure every batch size."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    if args.quick:
        args.side, args.batches, args.seconds = 64, [1], 0.05
        args.no_compile = True
    model = build(args)
    results = [measure(model, batch, args) for batch in args.batches]
    pages: dict[str, str] = {}
    for result in results:
        pages |= tables(result)
    notes = [
        f'`{args.config}`, {args.side} px, {args.device}, float32 unless said; random '
        'weights. Scores are probabilities.'
    ]
    return Result([result._asdict() for result in results], pages, notes)
