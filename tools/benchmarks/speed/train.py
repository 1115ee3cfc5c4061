"""A training step of a config, the loader that feeds it, and the step's options.

Where the time of a step goes; pictures a second of the training pipeline, in one
process; and the step in float32 and bfloat16, with channels_last, with AdamW in one
call, and with the batch in several parts, each in a process of its own.
"""

import argparse
import importlib
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope

from mvlr_stack.arguments import at_least
from mvlr_stack.overrides import add_overrides

from ..training_step import TrainingStep
from . import loader, step_options
from .report import Result, table

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / 'configs/mvlr/mvlr_rn101_coco.py'
QUICK = ROOT / 'configs/mvlr/mvlr_tiny_scenes.py'
Part = tuple[Any, dict[str, str]]  # data and tables by heading


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this part can be told."""
    parser.add_argument('--config', default=str(CONFIG))
    add_overrides(parser)
    parser.add_argument(
        '--side', type=at_least(1), default=448, help='of a picture, px'
    )
    parser.add_argument('--batch', type=at_least(1), default=32, help='of an update')
    parser.add_argument(
        '--splits',
        type=at_least(1),
        nargs='+',
        default=[8, 4, 1],
        help='parts of the batch; where there is one part only, it has the size of '
        'the first of these',
    )
    parser.add_argument('--amp', action='store_true', help='profile, split in bfloat16')
    parser.add_argument('--rounds', type=at_least(1), default=3, help='after the first')
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument('--pictures', type=Path, help='load these, not drawn ones')
    parser.add_argument('--count', type=at_least(1), default=16, help='of pictures')
    parser.add_argument(
        '--drawn', nargs='+', default=['640x480', '2560x1920'], metavar='WxH'
    )
    parser.add_argument(
        '--loader-sides', type=at_least(1), nargs='+', default=[224, 448]
    )
    parser.add_argument('--only', nargs='+', choices=PARTS, default=list(PARTS))
    parser.add_argument('--child', type=json.loads, help=argparse.SUPPRESS)


def _read_config(args: argparse.Namespace) -> Config:
    complexity = importlib.import_module('analysis.complexity')
    return complexity.read_model_config(args.config, args.cfg_options)


def profile(args: argparse.Namespace) -> Part:
    """Measure the parts of a step."""
    batch = args.batch // args.splits[0]
    step = TrainingStep(
        args.config, batch, args.side, args.device, args.amp, args.cfg_options
    )
    parts = step.profile(args.rounds)
    total = sum(parts.values())
    rows = [[name, ms, f'{ms / total:.1%}'] for name, ms in parts.items()]
    text = table(['part', 'ms', 'share'], [*rows, ['step', total, '']])
    return parts, {f'A step of {batch} pictures, {_kind(args)}': text}


def load(args: argparse.Namespace) -> Part:
    """Measure the pipelines, and each transform, on every set of pictures."""
    cfg = _read_config(args)
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    transforms, speeds, cores = {}, [], []
    with tempfile.TemporaryDirectory() as folder:
        for name, paths in _pictures(args, Path(folder)).items():
            transforms[name] = loader.transform_ms(cfg, args.side, paths, args.seconds)
            for side in args.loader_sides:
                where = {'pictures': name, 'side, px': side}
                with tempfile.TemporaryDirectory() as kept:
                    ways = loader.contestants(cfg, side, paths, Path(kept))
                    found = loader.images_per_second(ways, paths, args.seconds)
                    speeds.append(where | found)
                    for way in (loader.OURS, loader.CACHED):
                        if way in ways:
                            found = loader.all_cores(ways[way], paths, args.seconds)
                            cores.append([*where.values(), way, *_with_needs(*found)])
    rows = [
        [transform, *(times[transform] for times in transforms.values())]
        for transform in next(iter(transforms.values()))
    ]
    others = (loader.MMPRETRAIN, loader.PLAIN)
    columns = [*speeds[0], *(f'over {name}' for name in others)]
    rates = [
        [*row.values(), *(row[loader.OURS] / row[name] for name in others)]
        for row in speeds
    ]
    heading = f'Milliseconds a picture of each transform, {args.side} px'
    wanted = [f'cores for {n} a second' for n in loader.GPU_RATES]
    names = ['pictures', 'side, px', 'pipeline', 'cores', 'pictures a second', *wanted]
    found = {'transforms': transforms, 'images_per_second': speeds, 'cores': cores}
    return found, {
        'Pictures a second, one process': table(columns, rates),
        'A worker on each core, and what a GPU needs': table(names, cores),
        heading: table(['transform', *transforms], rows),
    }


def _with_needs(cores: int, rate: float) -> list[float]:
    """Return a number of cores, their speed, and how many of them GPUs need."""
    needs = (math.ceil(wanted * cores / rate) for wanted in loader.GPU_RATES)
    return [cores, rate, *needs]


def _pictures(args: argparse.Namespace, folder: Path) -> dict[str, list[Path]]:
    if args.pictures:
        return {args.pictures.name: loader.find_pictures(args.pictures, args.count)}
    result = {}
    for name in args.drawn:
        width, height = map(int, name.split('x'))
        result[name] = loader.draw_pictures(folder, args.count, (width, height))
    return result


def options(args: argparse.Namespace) -> Part:
    """Measure the step's options."""
    results = step_options.measure(_read_config(args), args)
    columns = ['step', 'batch', 'parts', 'images per second', 'peak, GB']
    keys = ('batch', 'count', 'images_per_second', 'peak_gb')
    rows = [[name, *(r[key] for key in keys)] for name, r in results.items()]
    text = table(columns, rows)
    if any(row[3] is None for row in rows):
        text += '\nWithout a speed: it did not fit in the memory that was free.\n'
    return results, {'Options': text}


PARTS = {'step': profile, 'loader': load, 'options': options}
_LOADER_NOTES = [
    'One process of the loader has one thread. What stands under "over" is the '
    "config's pipeline divided by that one; its transforms and mmpretrain's give "
    'the same pictures, but for single grey levels. The cache holds them decoded '
    'and resized (`mvlr cache`). Each transform is timed where it stands.',
    'A reduced decode does less only for pictures of which half is still `margin` '
    'times the side; the margin is 1.5 where none is named.',
]


def _kind(args: argparse.Namespace) -> str:
    return 'bfloat16' if args.amp else 'float32'


def make_quick(args: argparse.Namespace, folder: Path) -> None:
    """Set tiny sizes and a tiny CLIP, which is written to a folder."""
    clip = folder / 'clip.json'
    config = importlib.import_module('scenes.train_clip').CONFIG
    clip.write_text(json.dumps(config))
    args.config = str(QUICK)
    args.cfg_options = {
        'model.backbone.model': str(clip),
        'model.neck.prompt.text_encoder.model': str(clip),
    }
    args.batch, args.splits, args.side, args.rounds = 4, [2], 64, 1
    args.count, args.drawn, args.loader_sides = 2, ['160x120'], [32]
    args.seconds = 0.05


def run(args: argparse.Namespace) -> Result | None:
    """Measure what `--only` names."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    # the optimizer's settings, a line for each parameter, are no part of the tables
    MMLogger.get_instance('benchmark', log_level='ERROR')
    if args.child:
        return step_options.child(args)
    with tempfile.TemporaryDirectory() as folder:
        if args.quick:
            make_quick(args, Path(folder))
        data, tables = {}, {}
        for name in args.only:
            data[name], found = PARTS[name](args)
            tables |= found
    notes = [
        f'`{Path(args.config).name}`, {args.side} px, {args.device}; random weights '
        'and pictures. The peak is that of the whole process, torch included.',
    ]
    if 'loader' in data:
        notes += _LOADER_NOTES
    return Result(data, tables, notes)
