"""An exported graph in onnxruntime beside the model in torch.

Inference of one batch with the same threads, random weights and pictures. `torch,
graph's scan` is what a pt2 file does: torch's higher-order scan, step by step.
"""

import argparse
import importlib
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from mvlr_mm.export import trace_scores, write_onnx
from mvlr_mm.export.check import onnx_scorer, torch_scorer
from mvlr_mm.export.graph import ScoreModel
from mvlr_stack.arguments import at_least

from .report import Result, table
from .timing import compare

TORCH, GRAPH, ONNX = 'torch', "torch, graph's scan", 'onnxruntime'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this part can be told."""
    parser.add_argument('--config', default='configs/mvlr/mvlr_rn101_coco.py')
    parser.add_argument('--batches', type=at_least(1), nargs='+', default=[1, 4])
    parser.add_argument(
        '--side', type=at_least(1), default=448, help='of a picture, px'
    )


def run(args: argparse.Namespace) -> Result:
    """Measure every batch size."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    if args.quick:
        args.side, args.batches, args.seconds = 64, [1], 0.05
    complexity = importlib.import_module('analysis.complexity')
    model = complexity.build(args.config).eval()
    program = trace_scores(model, args.side, args.side)
    with TemporaryDirectory() as folder:
        path = Path(folder, 'model.onnx')
        write_onnx(program, path, {})
        scorers = {
            TORCH: torch_scorer(ScoreModel(model)),
            GRAPH: torch_scorer(program.module()),
            ONNX: onnx_scorer(path, args.threads),
        }
    results, rows = [], []
    for batch in args.batches:
        shape = (batch, 3, args.side, args.side)
        images = np.random.default_rng(0).standard_normal(shape, np.float32)
        wanted = scorers[TORCH](images)
        apart = {n: float(np.abs(s(images) - wanted).max()) for n, s in scorers.items()}
        times = compare(
            {n: partial(s, images) for n, s in scorers.items()}, args.seconds
        )
        results.append({'batch': batch, 'times': times, 'scores_differ': apart})
        first = times[TORCH]['ms']
        rows += [
            [batch, name, t['ms'], first / t['ms'], apart[name]]
            for name, t in times.items()
        ]
    columns = ['batch', 'runs in', 'ms', 'times as fast', 'scores differ by at most']
    notes = [f'`{args.config}`, {args.side} px, CPU, float32; random weights.']
    return Result(results, {'An exported graph': table(columns, rows)}, notes)
