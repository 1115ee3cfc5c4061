"""The text tower over the number of labels: what they share once, or text by text.

A soft prompt of four tokens and random weights, in chunks as PDLR has them. `each` is
the plain form of CLIPTextEncoder with torch's own products, `once` shares what all
texts begin with; `oneDNN` is `once` with products in float32 by oneDNN, as a model has
them on processors that gain by it. `apart` is the largest difference of `each` and the
last of the others, of the vectors and of the prompt's gradient, by the largest number.
"""

import argparse
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from mmpretrain.registry import MODELS
from torch import Tensor, nn

import mvlr_mm  # noqa: F401  registers the encoders
from mvlr_mm.labels.names import read_label_names
from mvlr_mm.models.layers.onednn_maps import use_onednn
from mvlr_mm.ops import uses_onednn, without_onednn
from mvlr_stack.arguments import at_least

from .labels import label_names
from .report import Result, table
from .timing import compare, peak_memory

COUNTS = (80, 1203, 9600)
CHUNK = 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this part can be told."""
    parser.add_argument('--counts', type=at_least(1), nargs='+', default=list(COUNTS))
    parser.add_argument('--model', default='RN101-quickgelu', help='in open_clip')
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument(
        '--dtypes', nargs='+', default=['float32', 'bfloat16'], help='of autocast'
    )


class Ways:
    """One encoder on the same labels, in several ways.

    Args:
        encoder: The tower.
        names: Of the labels.
        dtype: Of the products.
        device: Where it runs.
    """

    def __init__(
        self, encoder: nn.Module, names: list[str], dtype: torch.dtype, device: str
    ) -> None:
        self.encoder, self.dtype, self.device = encoder, dtype, device
        self.tokens = encoder.tokenize(names, 4).to(device)
        self.prompt = encoder.embed_words('a photo of a').to(device).requires_grad_()
        self.weights = torch.randn(len(names), encoder.embed_dim, device=device)

    def run(self, way: str, backward: bool) -> tuple[Tensor, ...]:
        """Encode all labels; with ``backward`` return the prompt's gradient as well."""
        self.encoder.shares_prefix = way != 'each'
        with (
            nullcontext() if way == 'oneDNN' else without_onednn(),
            torch.set_grad_enabled(backward),
            torch.autocast(self.device, self.dtype, enabled=self.dtype != torch.float),
        ):
            vectors = self.encoder.encode(self.tokens, self.prompt, CHUNK)
            loss = (vectors * self.weights).sum()
        if not backward:
            return (vectors,)
        return vectors.detach(), *torch.autograd.grad(loss, self.prompt)

    def ways(self, backward: bool) -> dict[str, Callable[[], tuple[Tensor, ...]]]:
        """Return all as contestants; without oneDNN where it would not be used."""
        names = ['each', 'once']
        if self.device == 'cpu' and self.dtype == torch.float32 and uses_onednn():
            names.append('oneDNN')
        return {name: partial(self.run, name, backward) for name in names}


def measure(ways: Ways, args: argparse.Namespace) -> dict[str, Any]:
    """Return times, memory and differences of all ways."""
    found = {}
    for name, backward in (('forward', False), ('with backward', True)):
        times = compare(ways.ways(backward), args.seconds, args.device)
        found[name] = {way: time['ms'] for way, time in times.items()}
    runs = ways.ways(backward=True)
    found['memory'] = {
        name: peak_memory(run, args.device) / 1e6 for name, run in runs.items()
    }
    plain, *_, last = runs.values()
    pairs = zip(last(), plain(), strict=True)
    found['apart'] = [
        float((a - b).abs().max() / b.abs().max())
        for a, b in ((a.float(), b.float()) for a, b in pairs)
    ]
    return found


def run(args: argparse.Namespace) -> Result:
    """Measure every number of labels in every type."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    if args.quick:
        args.counts, args.seconds = [20], 0
    encoder = MODELS.build(dict(type='CLIPTextEncoder', model=args.model))
    use_onednn(encoder.to(args.device))
    if not encoder.shares_prefix:
        raise ValueError(f'--model {args.model}: its text tower is not causal.')
    data = []
    for count in args.counts:
        # COCO has as many as this
        names = read_label_names('coco') if count == 80 else label_names(count)
        for dtype in args.dtypes:
            ways = Ways(encoder, list(names), getattr(torch, dtype), args.device)
            found = measure(ways, args)
            data.append({'labels': count, 'dtype': dtype, **found})
    return Result(data, _tables(data, args.model), [__doc__.strip()])


def _tables(data: list[dict[str, Any]], model: str) -> dict[str, str]:
    kinds = {'forward': 'ms', 'with backward': 'ms', 'memory': 'MB, with backward'}
    tables = {}
    for kind, unit in kinds.items():
        columns = ['labels', 'type', f'{unit}, each', 'once', 'oneDNN']
        columns += ['each / once', 'each / oneDNN']
        tables[f'{model}, {kind}'] = table(columns, [_row(d, kind) for d in data])
    rows = [
        [d['labels'], d['dtype'], *(f'{apart:.1e}' for apart in d['apart'])]
        for d in data
    ]
    columns = ['labels', 'type', 'vectors', 'gradient']
    return tables | {f'{model}, apart': table(columns, rows)}


def _row(measured: dict[str, Any], kind: str) -> list[object]:
    times = measured[kind]
    each, once, onednn = (times.get(way) for way in ('each', 'once', 'oneDNN'))
    row = [measured['labels'], measured['dtype'], each, once, onednn, each / once]
    return [*row, onednn and each / onednn]
