"""The selective scan: every implementation that works here.

Beside them the form in which mamba-ssm publishes its reference, and mambapy's parallel
scan where that package is installed. Each runs with softplus, bias, D and gate, as in a
Mamba block.
"""

import argparse
import importlib.util
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from mvlr_mm.ops import available_backends, selective_scan
from mvlr_mm.ops.selective_scan.dispatch import BACKENDS
from mvlr_stack.arguments import at_least

from .report import Result, table
from .timing import compare, peak_memory

SHAPES = ((4, 512, 276, 16), (4, 512, 864, 16))  # 448 px and 896 px, 80 labels
Scan = Callable[..., Tensor]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this part can be told."""
    parser.add_argument(
        '--shape',
        type=at_least(1),
        nargs=4,
        action='append',
        metavar=('B', 'D', 'L', 'N'),
    )
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument('--dtype', choices=('float32', 'bfloat16'), default='float32')
    parser.add_argument('--without', nargs='*', default=[], help='contestants left out')


def draw(shape: tuple[int, ...], device: str, dtype: torch.dtype) -> dict[str, Tensor]:
    """Return the arguments of a scan, laid out as the maps of a block give them."""
    batch, channels, length, states = shape
    generator = torch.Generator().manual_seed(0)

    def normal(*size: int) -> Tensor:
        return torch.randn(size, generator=generator).to(device, dtype)

    inputs = {
        'u': normal(batch, channels, length),
        'delta': normal(batch, length, channels).mT,
        'A': -torch.arange(1.0, states + 1).repeat(channels, 1).to(device),
        'B': normal(batch, length, states).mT,
        'C': normal(batch, length, states).mT,
        'D': normal(channels).float(),
        'z': normal(batch, length, channels).mT,
        'delta_bias': normal(channels).float() - 4,
    }
    return {name: value.requires_grad_() for name, value in inputs.items()}


def mambapy_scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor,
    z: Tensor,
    delta_bias: Tensor,
    delta_softplus: bool,
) -> Tensor:
    """Run mambapy's parallel scan with the same arguments."""
    from mambapy.pscan import pscan

    x, step = u.mT, F.softplus(delta.mT + delta_bias)  # (B, L, D)
    decay = (step[..., None] * A).exp()
    states = pscan(decay, (step * x)[..., None] * B.mT[:, :, None])
    y = (states @ C.mT[..., None]).squeeze(3) + D * x
    return (y * F.silu(z.mT)).mT


def published_scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor,
    z: Tensor,
    delta_bias: Tensor,
    delta_softplus: bool,
) -> Tensor:
    """Run the scan in the form of mamba-ssm's `selective_scan_ref`.

    The factors of all steps are made first, as whole tensors (B, D, L, N); our own
    reference makes those of one step at a time.
    """
    u, delta, B, C = (t.to(A.dtype) for t in (u, delta, B, C))
    step = F.softplus(delta + delta_bias[:, None])
    decays = torch.einsum('bdl,dn->bdln', step, A).exp()
    inputs = torch.einsum('bdl,bnl,bdl->bdln', step, B, u)
    state, outputs = torch.zeros_like(decays[:, :, 0]), []
    for t in range(u.shape[2]):
        state = decays[:, :, t] * state + inputs[:, :, t]
        outputs.append(torch.einsum('bdn,bn->bd', state, C[:, :, t]))
    return (torch.stack(outputs, dim=2) + D[:, None] * u) * F.silu(z)


def contestants(device: str, without: list[str]) -> dict[str, Scan]:
    """Return the scans that work on a device, by name.

    Not those that only work in a graph: another one would run in their place.
    """
    scans: dict[str, Scan] = {}
    for name, problem in available_backends().items():
        backend = BACKENDS[name]
        runs = backend.device in (None, device)
        if problem is None and runs and backend.supports(torch.ones(1), None, False):
            scans[name] = partial(selective_scan, backend=name)
    scans["mamba-ssm's form"] = published_scan
    if importlib.util.find_spec('mambapy'):
        scans['mambapy'] = mambapy_scan
    return {name: scan for name, scan in scans.items() if name not in without}


def forward(scan: Scan, inputs: dict[str, Tensor]) -> None:
    """Run without a gradient."""
    with torch.no_grad():
        scan(**inputs, delta_softplus=True)


def both(scan: Scan, inputs: dict[str, Tensor]) -> None:
    """Run forward and backward."""
    y = scan(**inputs, delta_softplus=True)
    torch.autograd.grad(y.sum(), list(inputs.values()))


def limits(inputs: dict[str, Tensor], args: argparse.Namespace) -> dict[str, float]:
    """Return what the machine alone would need for the forward, in ms.

    ``exp``: as many exponentials with torch's own kernel on data in the cache.
    ``memory``: reading u, delta and z and writing y at the speed of a copy.
    """
    u, states = inputs['u'], inputs['A'].shape[1]
    cached = torch.rand(1 << (16 if args.device == 'cpu' else 22), device=args.device)
    large = torch.rand(1 << 25, device=args.device)
    target, copy = torch.empty_like(cached), torch.empty_like(large)
    times = compare(
        {
            'exp': lambda: torch.exp(cached, out=target),
            'memory': lambda: copy.copy_(large),
        },
        min(args.seconds, 2),
        args.device,
    )
    return {
        'exp': times['exp']['ms'] * u.numel() * states / cached.numel(),
        'memory': times['memory']['ms'] * 4 * u.nbytes / (2 * large.nbytes),
    }


def measure(shape: tuple[int, ...], args: argparse.Namespace) -> dict:
    """Return times and memory of every scan for one shape."""
    device = args.device
    inputs = draw(shape, device, getattr(torch, args.dtype))
    scans = contestants(device, args.without)
    result = {'shape': shape, 'device': device, 'dtype': args.dtype, 'scans': {}}
    for kind, run in (('forward', forward), ('both', both)):
        runs = {name: partial(run, scan, inputs) for name, scan in scans.items()}
        for name, times in compare(runs, args.seconds, device).items():
            result['scans'].setdefault(name, {})[kind] = times
    for name, scan in scans.items():
        entry = result['scans'][name]
        if entry['both']['ms'] < 1e3 * args.seconds:  # profiling is slow
            extra = peak_memory(partial(both, scan, inputs), device)
            entry['memory'] = extra / inputs['u'].nbytes
    result['limits'] = limits(inputs, args)
    return result


def _table(result: dict) -> str:
    fastest = next(iter(result['scans'].values()))
    rows = []
    for name, entry in result['scans'].items():
        row = [name]
        for kind in ('forward', 'both'):
            row += [entry[kind]['ms'], entry[kind]['ms'] / fastest[kind]['ms']]
        rows.append([*row, entry.get('memory')])
    columns = ['scan', 'forward, ms', 'of the first', 'forward and backward, ms']
    text = table([*columns, 'of the first', 'extra memory, sizes of u'], rows)
    needs = ', '.join(f'{k} {v:.3g} ms' for k, v in result['limits'].items())
    return text + f'\nWhat the machine alone needs for the forward: {needs}.\n'


def run(args: argparse.Namespace) -> Result:
    """Measure every shape."""
    torch.set_num_threads(args.threads)
    shapes = [tuple(shape) for shape in args.shape or SHAPES]
    if args.quick:
        shapes, args.seconds = [(1, 16, 20, 4)], 0.05
    results = [measure(shape, args) for shape in shapes]
    tables = {
        'B {}, D {}, L {}, N {}'.format(*result['shape']): _table(result)
        for result in results
    }
    return Result(results, tables, [f'{args.device}, {args.dtype}.'])
