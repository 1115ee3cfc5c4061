"""One training step of a config, with random weights and pictures.

    python tools/benchmarks/train_step.py configs/mvlr/mvlr_rn101_coco.py \
        --device cuda --batch 32 --amp [--compile MODE] [--cfg-options KEY=VALUE ...]

Preprocessing, forward, backward, the config's optimizer and average: images per second,
the largest memory, and beside it what share of the products per second of one large
matrix product here that is. `tools/benchmark.py speed train` divides a step into parts.
"""

import argparse
import importlib
import json
import sys
from pathlib import Path

import torch

from mvlr_stack.arguments import at_least, number
from mvlr_stack.overrides import add_overrides

TOOLS = Path(__file__).resolve().parents[1]


def main(argv: list[str] | None = None) -> None:
    """Measure and print one line of json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config')
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cuda')
    parser.add_argument('--batch', type=at_least(1), default=32)
    parser.add_argument(
        '--side', type=at_least(1), default=448, help='of a picture, px'
    )
    parser.add_argument(
        '--seconds', type=number(above=0), default=20, help='about that long'
    )
    parser.add_argument('--amp', action='store_true', help='bfloat16')
    parser.add_argument(
        '--compile',
        choices=('default', 'reduce-overhead', 'max-autotune'),
        help='trunk and neck, by torch.compile in this mode; the second replays CUDA '
        'graphs, with no Python between launches',
    )
    add_overrides(parser)
    args = parser.parse_args(argv)

    sys.path.insert(0, str(TOOLS))
    complexity = importlib.import_module('analysis.complexity')
    timing = importlib.import_module('benchmarks.speed.timing')
    training_step = importlib.import_module('benchmarks.training_step')

    model = complexity.build(args.config, dict(args.cfg_options))
    rows = complexity.measure(model, (args.side, args.side))
    total = next(row.multiply_adds for row in rows if row.name == 'total')
    step = training_step.TrainingStep(
        *(args.config, args.batch, args.side, args.device, args.amp),
        options=args.cfg_options,
    )
    if args.compile:
        step.model.backbone.compile(mode=args.compile)
        step.model.neck.compile(mode=args.compile)
        step()  # compiles; the first run says how many more there will be
    times = timing.compare({'step': step}, args.seconds, args.device)
    seconds = times['step']['ms'] / 1e3
    peak = training_step.peak_gb(args.device)

    dtype = torch.bfloat16 if args.amp else torch.float32
    limit = timing.product_rate(args.device, dtype)
    report = {
        'config': args.config,
        'options': args.cfg_options,
        'batch': args.batch,
        'amp': args.amp,
        'compile': args.compile,
        'step_ms': 1e3 * seconds,
        'images_per_second': args.batch / seconds,
        'peak_gb': peak,
        # the backward makes about two products for each of the forward
        'share_of_matrix_product': 3 * total * args.batch / seconds / limit,
    }
    print(json.dumps(report))


if __name__ == '__main__':
    main()
