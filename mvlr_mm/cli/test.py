"""Evaluate a checkpoint."""

import argparse
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path

import mmengine
import torch
from mmengine.config import Config, ConfigDict
from mmengine.dist import is_main_process
from mmengine.evaluator import DumpResults, Evaluator
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mvlr_mm.evaluation import MultiLabelProtocol, SaveResults

from .allocator import keep_freed_memory
from .runtime import (
    add_arguments,
    check_checkpoint,
    complete_loaders,
    join_processes,
    leave_processes,
    load_config,
    plain_errors,
)

METRIC_FILES = ('.json', '.yaml', '.yml', '.pkl', '.pickle')  # as mmengine.dump


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line, named as mmpretrain's ``tools/test.py``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--out',
        help='file for the results: .npz, which `mvlr eval` reads, or .pkl; metrics: '
        '.json too',
    )
    parser.add_argument(
        '--out-item', choices=['metrics', 'pred'], help='what --out holds; pred'
    )
    parser.add_argument('--show-dir', help='folder for pictures with predictions')
    parser.add_argument('--show', action='store_true', help='show them in a window')
    parser.add_argument('--interval', type=int, default=1, help='draw every n-th')
    parser.add_argument('--wait-time', type=float, default=2, help='seconds to show')
    parser.add_argument('--tta', action='store_true', help='average with mirrored')
    add_arguments(parser)
    args = parser.parse_args(argv)
    if args.out_item and not args.out:
        parser.error(f'--out-item {args.out_item} needs --out, the file to write')
    if args.out_item == 'metrics' and Path(args.out).suffix not in METRIC_FILES:
        kinds = ', '.join(METRIC_FILES)
        parser.error(f'--out {args.out}: metrics go into a {kinds} file')
    return args


def use_tta(cfg: Config) -> None:
    """Score each picture as it is and mirrored, unless the config says otherwise."""
    loader = cfg.test_dataloader.dataset
    pipeline = cfg.get('tta_pipeline')
    if pipeline is None:
        pipeline = deepcopy(loader.pipeline)
        flips = [dict(type='RandomFlip', prob=prob) for prob in (1.0, 0.0)]
        pipeline[-1] = dict(type='TestTimeAug', transforms=[flips, [pipeline[-1]]])
    loader.pipeline = pipeline
    wrapper = cfg.get('tta_model', dict(type='mmpretrain.AverageClsScoreTTA'))
    cfg.model = ConfigDict(**wrapper, module=cfg.model)


def merge_args(cfg: Config, args: argparse.Namespace) -> None:
    """Write what the command line says into the config.

    Raises:
        ValueError: If pictures are asked for and the config has no hook to draw them.
    """
    cfg.load_from = args.checkpoint
    if args.amp:
        cfg.test_cfg.fp16 = True
    if args.show or args.show_dir is not None:
        if 'visualization' not in cfg.get('default_hooks', {}):
            raise ValueError(
                '--show and --show-dir need a hook that draws: put '
                "`visualization=dict(type='VisualizationHook')` in the config's "
                '`default_hooks`.'
            )
        cfg.default_hooks.visualization.update(
            enable=True,
            show=args.show,
            wait_time=args.wait_time,
            out_dir=args.show_dir,
            interval=args.interval,
        )
    if args.tta:
        use_tta(cfg)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    complete_loaders(cfg, args)


def add_results_writer(evaluator: Evaluator, path: str) -> None:
    """Let the evaluator write what the model says of every image.

    Args:
        evaluator: Of the test; a .npz file keeps its protocol and its class names.
        path: A .npz file, for `mvlr eval`; or a .pkl, for mmpretrain's tools.

    Raises:
        ValueError: The suffix is another.
    """
    if path.endswith(('.pkl', '.pickle')):
        evaluator.metrics.append(DumpResults(out_file_path=path))
        return
    metrics = (m for m in evaluator.metrics if isinstance(m, MultiLabelProtocol))
    protocol = next((asdict(metric.protocol) for metric in metrics), None)
    writer = SaveResults(path, protocol)
    writer.dataset_meta = evaluator.dataset_meta
    evaluator.metrics.append(writer)


def main(argv: list[str] | None = None) -> int:
    """Build everything, then test.

    Returns:
        0; errors that a person can mend end the process with status 2.
    """
    args = parse_args(argv)
    with plain_errors():
        check_checkpoint('checkpoint', args.checkpoint)
        cfg = load_config(args)
        if not torch.cuda.is_available():
            keep_freed_memory()
        merge_args(cfg, args)
        join_processes(cfg)
        runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
        if args.out and args.out_item != 'metrics':
            add_results_writer(runner.test_evaluator, args.out)
        metrics = runner.test()
    if args.out and args.out_item == 'metrics' and is_main_process():
        mmengine.dump(metrics, args.out)
    leave_processes()
    return 0
