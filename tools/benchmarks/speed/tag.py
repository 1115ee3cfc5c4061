"""`mvlr tag` beside its bare model, on the same pictures.

The bare model goes through batches that lie prepared in the memory, and nothing is done
with its scores. `mvlr tag` lists, reads, decodes and resizes the pictures, chooses
tags, and writes parquet and the manifest. Random weights.
"""

import argparse
import importlib
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path

import torch

from mvlr_mm.apis import LoadedModel, MultiLabelInferencer
from mvlr_mm.apis.inferencer import run_model
from mvlr_mm.apis.prepare import Preparation, batches
from mvlr_mm.tagging.bulk import Manifest, Parts, Source, tag_local
from mvlr_stack.arguments import at_least

from .loader import draw_pictures, find_pictures
from .report import Result, table
from .timing import compare
from .train import CONFIG, make_quick

BARE, TAG = 'the bare model', '`mvlr tag`'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this part can be told."""
    parser.add_argument('--config', default=str(CONFIG))
    parser.add_argument('--batch', type=at_least(1), default=8)
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument('--pictures', type=Path, help='tag these, not drawn ones')
    parser.add_argument('--count', type=at_least(1), default=64, help='of pictures')
    parser.add_argument('--drawn', default='640x480', metavar='WxH')
    parser.set_defaults(cfg_options=None)


def load(args: argparse.Namespace) -> LoadedModel:
    """Return the config's model with random weights."""
    complexity = importlib.import_module('analysis.complexity')
    cfg = complexity.read_model_config(args.config, args.cfg_options)
    model = complexity.build(args.config, args.cfg_options).eval()
    pipeline = cfg.test_dataloader.dataset.to_dict()['pipeline']
    return LoadedModel(model, tuple(model.neck.classes), pipeline, None, cfg)


def contestants(
    infer: MultiLabelInferencer, paths: list[Path], batch: int
) -> dict[str, Callable[[], None]]:
    """Return what is timed, each over all pictures."""
    prepare = Preparation(infer.loaded.pipeline)
    prepared = [prepare(str(path)).data for path in paths]
    source = Source(tuple(map(str, paths)))

    def bare() -> None:
        for data in batches(prepared, batch):
            run_model(infer.model, data)['scores'].cpu()

    def tag() -> None:
        with tempfile.TemporaryDirectory() as folder, Manifest(folder, {}) as manifest:
            found = tag_local(infer, source, Parts(manifest), batch_size=batch)
            deque(found, maxlen=0)

    return {BARE: bare, TAG: tag}


def run(args: argparse.Namespace) -> Result:
    """Measure both in turn."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        if args.quick:
            make_quick(args, Path(folder))
            args.drawn = args.drawn[0]
        if args.pictures:
            paths = find_pictures(args.pictures, args.count)
        else:
            width, height = map(int, args.drawn.split('x'))
            paths = draw_pictures(Path(folder), args.count, (width, height))
        infer = MultiLabelInferencer(load(args), device=args.device)
        runs = contestants(infer, paths, args.batch)
        times = compare(runs, args.seconds, args.device)
    speeds = {name: 1e3 * len(paths) / time['ms'] for name, time in times.items()}
    rows = [[name, speed, speed / speeds[BARE]] for name, speed in speeds.items()]
    text = table(['', 'pictures a second', 'share of the bare model'], rows)
    notes = [
        f'`{Path(args.config).name}`, {args.device}, batches of {args.batch}; '
        f'{len(paths)} pictures, {args.pictures or args.drawn}.'
    ]
    return Result(
        {'times': times, 'pictures_per_second': speeds}, {'Tags': text}, notes
    )
