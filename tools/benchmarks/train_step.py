"""One training step of a config, with random weights and pictures.

    python tools/benchmarks/train_step.py configs/mvlr/mvlr_rn101_coco.py \
        --device cuda --batch 32 --amp [--compile]

Forward, loss, backward and AdamW: images per second, the largest memory, and beside it
what share of the products per second of one large matrix product here that is.
"""

import argparse
import importlib
import json
import resource
import statistics
import sys
import time
from pathlib import Path

import torch
from mmpretrain.structures import DataSample
from torch import Tensor, nn

TOOLS = Path(__file__).resolve().parents[1]


def matrix_products_per_second(device: str, dtype: torch.dtype) -> float:
    """Return the multiply-adds per second of one large matrix product."""
    size = 8192 if device == 'cuda' else 1024
    matrix = torch.randn(size, size, device=device, dtype=dtype)
    return size**3 / median_seconds(lambda: matrix @ matrix, device, 10)


def median_seconds(function: object, device: str, rounds: int) -> float:
    """Time a function, after three runs that do not count."""
    synchronize = torch.cuda.synchronize if device == 'cuda' else lambda: None
    samples = []
    for turn in range(rounds + 3):
        synchronize()
        start = time.perf_counter()
        function()
        synchronize()
        if turn > 2:
            samples.append(time.perf_counter() - start)
    return statistics.median(samples)


def peak_gb(device: str) -> float:
    """Return the largest memory so far: of the GPU, or of the process."""
    if device == 'cuda':
        return torch.cuda.max_memory_allocated() / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


class Step:
    """A model and its optimizer, stepping on the same batch again and again."""

    def __init__(self, model: nn.Module, images: Tensor, amp: bool) -> None:
        self.model, self.images, self.amp = model.train(), images, amp
        weights = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(weights, lr=1e-5)
        count = len(model.neck.prompt.classes)
        targets = (torch.rand(len(images), count, device=images.device) < 0.04).float()
        self.samples = [DataSample().set_gt_score(target) for target in targets]

    def __call__(self) -> None:
        """Run forward, loss, backward and the optimizer."""
        device = self.images.device.type
        with torch.autocast(device, torch.bfloat16, enabled=self.amp):
            losses = self.model.loss(self.images, self.samples)
        self.optimizer.zero_grad()
        sum(losses.values()).backward()
        self.optimizer.step()


def main(argv: list[str] | None = None) -> None:
    """Measure and print one line of json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config')
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cuda')
    parser.add_argument('--batch', type=int, default=32)
    parser.add_argument('--side', type=int, default=448, help='of a picture, px')
    parser.add_argument('--rounds', type=int, default=20)
    parser.add_argument('--amp', action='store_true', help='bfloat16')
    parser.add_argument('--compile', action='store_true', help='trunk and neck')
    args = parser.parse_args(argv)

    sys.path.insert(0, str(TOOLS))
    complexity = importlib.import_module('analysis.complexity')
    model = complexity.build(args.config)
    rows = complexity.measure(model, (args.side, args.side))
    total = next(row.multiply_adds for row in rows if row.name == 'total')
    model.to(args.device)
    if args.compile:
        model.backbone.compile()
        model.neck.compile()
    images = torch.randn(args.batch, 3, args.side, args.side, device=args.device)
    seconds = median_seconds(Step(model, images, args.amp), args.device, args.rounds)
    peak = peak_gb(args.device)
    dtype = torch.bfloat16 if args.amp else torch.float32
    limit = matrix_products_per_second(args.device, dtype)
    report = {
        'config': args.config,
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
