"""Evaluate a checkpoint."""

import argparse
import sys
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path

import mmengine
import torch
from mmengine.config import Config, ConfigDict
from mmengine.dist import is_main_process
from mmengine.evaluator import DumpResults, Evaluator

from mvlr_mm.apis.work_dir import find_checkpoint
from mvlr_mm.datasets.checking.splits import inner_data_sets
from mvlr_mm.evaluation import MultiLabelProtocol, SaveResults
from mvlr_mm.finite_json import finite
from mvlr_mm.visualization.plot_text import plain_visualizer
from mvlr_mm.weight_files import sha256_of
from mvlr_stack.outputs import whole_file
from mvlr_stack.quiet import quiet_logger

from .config import (
    agreeing,
    check_checkpoint,
    check_weights,
    complete_loaders,
    load_config,
)
from .half import half_type
from .processes import join_processes, leave_processes
from .runner import build_runner

PARTS = ('model', 'test_dataloader', 'test_cfg', 'test_evaluator')  # of the config


class DumpWhole(DumpResults):
    """Write predictions whole or not at all."""

    def compute_metrics(self, results: list) -> dict:
        """Write them; there is no number to return."""
        with whole_file(self.out_file_path) as draft:
            mmengine.dump(results, draft)
        return {}


def use_amp(cfg: Config) -> None:
    """Compute in half the bits, where that is faster."""
    half = half_type()
    if half is None:
        return
    cfg.test_cfg.fp16 = True  # autocast, in float16 on any GPU unless it is told
    if torch.cuda.is_available():
        torch.set_autocast_dtype('cuda', half)


def use_tta(cfg: Config) -> None:
    """Score each picture as it is and mirrored, unless the config says otherwise."""
    flips = [dict(type='RandomFlip', prob=prob) for prob in (1.0, 0.0)]
    for inner in inner_data_sets(cfg.test_dataloader.dataset):
        pipeline = cfg.get('tta_pipeline')
        if pipeline is None:
            *steps, pack = deepcopy(inner.pipeline)
            pipeline = [*steps, dict(type='TestTimeAug', transforms=[flips, [pack]])]
        inner.pipeline = deepcopy(pipeline)
    wrapper = cfg.get('tta_model', dict(type='mmpretrain.AverageClsScoreTTA'))
    cfg.model = ConfigDict(**wrapper, module=cfg.model)


def merge_args(cfg: Config, args: argparse.Namespace) -> None:
    """Write what the command line says into the config.

    Raises:
        ValueError: If pictures are asked for and the config has no hook to draw them.
    """
    cfg.load_from, cfg.resume = args.checkpoint, False  # as a resumed run has it
    if args.amp:
        use_amp(cfg)
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
    complete_loaders(cfg, args)
    check_weights(cfg, args)


def add_results_writer(evaluator: Evaluator, path: str, checkpoint: str) -> None:
    """Let the evaluator write what the model says of every image.

    Args:
        evaluator: Of the test; a .npz file keeps the class names, and the protocol and
            the thresholds of its first `MultiLabelProtocol`.
        path: A .npz file, for `mvlr eval`; or a .pkl, for mmpretrain's tools.
        checkpoint: A file, or an address, that the weights come from.

    Raises:
        ValueError: The suffix is another.
    """
    if path.endswith(('.pkl', '.pickle')):
        evaluator.metrics.append(DumpWhole(out_file_path=path))
        return
    metrics = (m for m in evaluator.metrics if isinstance(m, MultiLabelProtocol))
    tested = next(metrics, None)
    options = tested and dict(
        protocol=asdict(tested.protocol), thresholds=tested.thresholds
    )
    known = sha256_of(checkpoint) if Path(checkpoint).is_file() else ''
    writer = SaveResults(path, **(options or {}), checkpoint=known)
    writer.dataset_meta = evaluator.dataset_meta
    evaluator.metrics.append(writer)


def best_checkpoint(folder: str) -> str:
    """Return the checkpoint of a training to test, and say which it is.

    Args:
        folder: The work folder.

    Raises:
        FileNotFoundError: It has none.
    """
    found = find_checkpoint(folder)
    if found is None:
        raise FileNotFoundError(
            f'no checkpoint is named, and the work folder {folder} has none; train '
            'first, or name one.'
        )
    print(f'checkpoint: {found}', file=sys.stderr)
    return str(found)


def run(args: argparse.Namespace) -> int:
    """Build everything, then test.

    Args:
        args: Of the command line.

    Returns:
        The exit status, 0.
    """
    if args.checkpoint is not None:
        check_checkpoint('checkpoint', args.checkpoint)
    cfg = load_config(args, PARTS)
    if args.checkpoint is None:
        args.checkpoint = best_checkpoint(cfg.work_dir)
    with agreeing(cfg, args.cfg_options):
        merge_args(cfg, args)
    if args.tta:
        if cfg.get('features'):
            raise ValueError('--tta needs pictures; leave --features out.')
        use_tta(cfg)
    join_processes(cfg)
    runner = build_runner(cfg)
    quiet_logger(runner.logger)
    if args.out and args.out_item != 'metrics':
        add_results_writer(runner.test_evaluator, args.out, args.checkpoint)
    meta = runner.test_loop.dataloader.dataset.metainfo
    with plain_visualizer(runner.visualizer, meta):
        metrics = runner.test()
    if args.out and args.out_item == 'metrics' and is_main_process():
        with whole_file(args.out) as draft:
            json = draft.suffix == '.json'
            mmengine.dump(finite(metrics) if json else metrics, draft)
    leave_processes()
    return 0
