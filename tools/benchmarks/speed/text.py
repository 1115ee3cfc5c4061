"""The text tower over the number of labels: what they share once, or text by text.

A soft prompt of four tokens and random weights, in chunks as PDLR has them. `once` is
what CLIPTextEncoder does, `each` its plain form; `apart` is the largest difference of
both, of the vectors and of the prompt's gradient, by the largest number.
"""

import argparse
from collections.abc import Callable
from typing import Any

import torch
from mmpretrain.registry import MODELS
from torch import Tensor, nn

import mvlr_mm  # noqa: F401  registers the encoders
from mvlr_mm.labels.names import read_label_names

from .labels import label_names
from .report import Result, table
from .timing import compare, peak_memory

COUNTS = (80, 1203, 9600)
CHUNK = 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this part can be told."""
    parser.add_argument('--counts', type=int, nargs='+', default=list(COUNTS))
    parser.add_argument('--model', default='RN101-quickgelu', help='in open_clip')
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument(
        '--dtypes', nargs='+', default=['float32', 'bfloat16'], help='of autocast'
    )


class Ways:
    """One encoder on the same labels, in two ways.

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

    def run(self, shares: bool, backward: bool) -> tuple[Tensor, ...]:
        """Encode all labels; with ``backward`` return the prompt's gradient as well."""
        self.encoder.shares_prefix = shares
        with (
            torch.set_grad_enabled(backward),
            torch.autocast(self.device, self.dtype, enabled=self.dtype != torch.float),
        ):
            vectors = self.encoder.encode(self.tokens, self.prompt, CHUNK)
            loss = (vectors * self.weights).sum()
        if not backward:
            return (vectors,)
        return vectors.detach(), *torch.autograd.grad(loss, self.prompt)

    def ways(self, backward: bool) -> dict[str, Callable[[], tuple[Tensor, ...]]]:
        """Return both as contestants."""
        return {
            'once': lambda: self.run(True, backward),
            'each': lambda: self.run(False, backward),
        }


def measure(ways: Ways, args: argparse.Namespace) -> dict[str, Any]:
    """Return times, memory and differences of both ways."""
    found = {}
    for name, backward in (('forward', False), ('with backward', True)):
        times = compare(ways.ways(backward), args.seconds, args.device)
        found[name] = {way: time['ms'] for way, time in times.items()}
    both = ways.ways(backward=True)
    found['memory'] = {k: peak_memory(run, args.device) for k, run in both.items()}
    pairs = zip(both['once'](), both['each'](), strict=True)
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
    encoder.to(args.device)
    if not encoder.shares_prefix:
        raise ValueError(f'--model {args.model}: its text tower is not causal.')
    data, rows = [], []
    for count in args.counts:
        # COCO has as many as this
        names = read_label_names('coco') if count == 80 else label_names(count)
        for dtype in args.dtypes:
            ways = Ways(encoder, list(names), getattr(torch, dtype), args.device)
            found = measure(ways, args)
            data.append({'labels': count, 'dtype': dtype, **found})
            rows.append(_row(count, dtype, found))
    columns = ['labels', 'type', 'ms, once', 'each', 'each / once']
    columns += ['ms with backward, once', 'each', 'each / once']
    columns += ['MB, once', 'each', 'apart, vectors', 'gradient']
    return Result(data, {args.model: table(columns, rows)}, [__doc__.strip()])


def _row(count: int, dtype: str, found: dict[str, Any]) -> list[object]:
    row = [count, dtype]
    for name in ('forward', 'with backward'):
        once, each = found[name]['once'], found[name]['each']
        row += [once, each, each / once]
    row += [found['memory'][way] / 1e6 for way in ('once', 'each')]
    return row + [f'{apart:.1e}' for apart in found['apart']]
