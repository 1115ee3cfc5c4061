"""QMVL against its attention twins over the size of the picture: figure 5.

Parameters, multiply-adds and operators are counted, milliseconds measured, forward
alone and with backward. A patch is 32 px wide, as in ResNet-101. With --graphs all are
measured as CUDA graphs, too, and with --compile by torch.compile, which records such
graphs of what it has fused: the GPU's work without the launches of a slow host.
"""

import argparse
import copy
import importlib
from functools import partial
from pathlib import Path

import torch
from mmengine.analysis import FlopAnalyzer
from mmpretrain.registry import MODELS
from torch import Tensor, nn

import mvlr_mm  # noqa: F401  registers the interactions
from mvlr_mm.models.layers.onednn_maps import use_onednn
from mvlr_mm.structures import VLFeatures
from mvlr_stack.arguments import at_least

from .launches import operators
from .report import Result, table
from .timing import compare, product_rate

SIDES = (224, 448, 672, 896, 1120, 1344, 1568, 1792)
PATCH = 32
KINDS = {
    'QMVL': 'QMVL',
    'cross-attention': 'CrossAttentionInteraction',
    'self-attention': 'SelfAttentionInteraction',
}


class OnTensors(nn.Module):
    """An interaction between plain tensors, as counting needs it."""

    def __init__(self, kind: str, width: int, scan: str | None = None) -> None:
        super().__init__()
        own = dict(scan_backend=scan) if kind == 'QMVL' else {}
        cfg = dict(type=KINDS[kind], embed_dim=width, zero_init=False, **own)
        self.interaction = use_onednn(MODELS.build(cfg))  # as in a classifier

    def forward(self, visual: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Refine patches, (B, N, D), and labels, (B, C, D)."""
        side = int(visual.shape[1] ** 0.5)
        out = self.interaction(VLFeatures(visual, (side, side), labels=labels))
        return out.visual, out.labels


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this part can be told."""
    parser.add_argument(
        '--sides', type=at_least(1), nargs='+', default=list(SIDES), help='px'
    )
    parser.add_argument('--labels', type=at_least(1), default=80)
    parser.add_argument('--batch', type=at_least(1), default=1)
    parser.add_argument('--width', type=at_least(1), default=512)
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument('--dtype', choices=('float32', 'bfloat16'), default='float32')
    parser.add_argument('--scan-backend', help='of QMVL; else chosen by device')
    for way in WAYS:
        parser.add_argument(
            f'--{way}', action='store_true', help='with --device cuda, too'
        )


def multiply_adds(model: nn.Module, inputs: tuple[Tensor, Tensor]) -> int:
    """Count the products of one picture; the scan itself is not counted."""
    complexity = importlib.import_module('analysis.complexity')
    one = tuple(t[:1].detach().cpu() for t in inputs)
    counter = FlopAnalyzer(copy.deepcopy(model).cpu(), one)
    counter.set_op_handle('aten::scaled_dot_product_attention', complexity._attention)
    counter.unsupported_ops_warnings(False)
    return int(counter.total())


def forward(model: nn.Module, inputs: tuple[Tensor, Tensor]) -> None:
    """Run without a gradient."""
    with torch.no_grad():
        model(*inputs)


def both(model: nn.Module, inputs: tuple[Tensor, Tensor]) -> None:
    """Run forward and backward."""
    visual, labels = model(*inputs)
    wanted = [*inputs, *model.parameters()]
    torch.autograd.grad(visual.sum() + labels.sum(), wanted)


def graphed(model: nn.Module, inputs: tuple[Tensor, Tensor]) -> nn.Module:
    """Record forward and backward for these shapes, each as one CUDA graph."""
    return torch.cuda.make_graphed_callables(copy.deepcopy(model), inputs)


def compiled(model: nn.Module, inputs: tuple[Tensor, Tensor]) -> nn.Module:
    """Compile to graphs for these shapes, whose launches are recorded, too."""
    return torch.compile(
        copy.deepcopy(model), mode='reduce-overhead', fullgraph=True, dynamic=False
    )


# By the option that asks for it: what it makes of a model, its key and its heading.
WAYS = {
    'graphs': (graphed, 'graph', 'as CUDA graphs'),
    'compile': (compiled, 'compiled', 'by torch.compile'),
}


def measure(side: int, models: dict[str, nn.Module], args: argparse.Namespace) -> dict:
    """Return counts and times of every interaction for one size."""
    patches, device = (side // PATCH) ** 2, args.device
    dtype = getattr(torch, args.dtype)
    inputs = tuple(
        torch.randn(args.batch, n, args.width, device=device, dtype=dtype)
        .mul_(0.05)
        .requires_grad_()
        for n in (patches, args.labels)
    )
    result = {'side': side, 'patches': patches, 'kinds': {}}
    for kind, model in models.items():
        count = multiply_adds(model, inputs)
        result['kinds'][kind] = {'multiply_adds': count}
    others = {
        key: {kind: make(model, inputs) for kind, model in models.items()}
        for option, (make, key, _) in WAYS.items()
        if getattr(args, option)
    }
    for name, run in (('forward', forward), ('both', both)):
        runs = {kind: partial(run, model, inputs) for kind, model in models.items()}
        for kind, times in compare(runs, args.seconds, device).items():
            result['kinds'][kind][name] = times
            result['kinds'][kind][f'{name}_operators'] = operators(runs[kind]).total()
        for key, made in others.items():
            runs = {kind: partial(run, model, inputs) for kind, model in made.items()}
            for kind, times in compare(runs, args.seconds, device).items():
                result['kinds'][kind][f'{name}_{key}'] = times
    return result


def draw(results: list[dict], parameters: dict[str, int], file: Path) -> None:
    """Draw figure 5: parameters, multiply-adds and time of the interactions."""
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(15, 3.6), width_ratios=(2, 3, 3, 3))
    sides = [result['side'] for result in results]
    for place, (kind, count) in enumerate(parameters.items()):
        axes[0].bar(place, count / 1e6)
        entries = [result['kinds'][kind] for result in results]
        lines = (
            [entry['multiply_adds'] / 1e9 for entry in entries],
            [entry['forward']['ms'] for entry in entries],
            [entry['both']['ms'] for entry in entries],
        )
        for axis, line in zip(axes[1:], lines, strict=True):
            axis.plot(sides, line, marker='o', label=kind)
    axes[0].set_xticks(range(len(parameters)), parameters, rotation=20, ha='right')
    titles = ('parameters, M', 'multiply-adds, G', 'forward, ms', 'and backward, ms')
    for axis, title in zip(axes, titles, strict=True):
        axis.set_title(title)
    for axis in axes[1:]:
        axis.set_xlabel('side of the picture, px')
        axis.set_yscale('log')
        axis.grid(alpha=0.3)
    axes[1].legend()
    figure.tight_layout()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _table(results: list[dict], name: str, products: float) -> str:
    """Lay out the times; `products` is how many QMVL makes in a millisecond at best."""
    kinds = list(results[0]['kinds'])
    columns = ['side, px', *(f'{kind}, ms' for kind in kinds)]
    columns += [f'QMVL / {kind}' for kind in kinds[1:]]
    columns.append("QMVL's products alone, ms")
    rows = []
    for result in results:
        times = [result['kinds'][kind][name]['ms'] for kind in kinds]
        ratios = [times[0] / other for other in times[1:]]
        limit = result['kinds'][kinds[0]]['multiply_adds'] / products
        rows.append([result['side'], *times, *ratios, limit])
    return table(columns, rows)


def _operators(result: dict) -> str:
    rows = [
        [kind, entry['forward_operators'], entry['both_operators']]
        for kind, entry in result['kinds'].items()
    ]
    return table(['interaction', 'forward', 'and backward'], rows)


def run(args: argparse.Namespace) -> Result:
    """Measure every size and draw the figure."""
    for option in WAYS:
        if getattr(args, option) and args.device != 'cuda':
            raise SystemExit(
                f'error: --{option} records CUDA graphs: give --device cuda'
            )
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    if args.quick:
        args.sides, args.width, args.labels, args.seconds = [64, 96], 16, 3, 0.05
    where = args.device, getattr(torch, args.dtype)
    models = {k: OnTensors(k, args.width, args.scan_backend).to(*where) for k in KINDS}
    parameters = {
        kind: sum(p.numel() for p in model.parameters())
        for kind, model in models.items()
    }
    results = [measure(side, models, args) for side in args.sides]
    counts = table(
        ['side, px', *(f'{kind}, G' for kind in KINDS)],
        [
            [r['side'], *(e['multiply_adds'] / 1e9 for e in r['kinds'].values())]
            for r in results
        ],
    )
    rate = product_rate(*where)
    products = rate / 1e3 / args.batch  # of one picture's, in a millisecond
    tables = {
        'Forward': _table(results, 'forward', products),
        # the backward makes about two products for each of the forward
        'Forward and backward': _table(results, 'both', products / 3),
        'Operators of a call, without views': _operators(results[0]),
        'Multiply-adds of one picture, without the scan': counts,
        'Parameters': table(
            ['interaction', 'M'], [[k, n / 1e6] for k, n in parameters.items()]
        ),
    }
    for option, (_, key, said) in WAYS.items():
        if getattr(args, option):
            runs = {'forward': 'Forward', 'both': 'Forward and backward'}
            for name, heading in runs.items():
                limit = products if name == 'forward' else products / 3
                tables[f'{heading}, {said}'] = _table(results, f'{name}_{key}', limit)
    if args.out:
        draw(results, parameters, args.out / 'speed_qmvl.png')
        tables['Figure 5'] = '![figure 5](speed_qmvl.png)\n'
    note = (
        f'Batch {args.batch}, {args.labels} labels, width {args.width}, {args.device}, '
        f'{args.dtype}. A large matrix product makes {rate / 1e12:.3g} T multiply-adds '
        'per second here.'
    )
    data = {'parameters': parameters, 'sizes': results, 'product_rate': rate}
    return Result(data, tables, [note])
