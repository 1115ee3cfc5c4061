"""Write a trained model as a file for other runtimes."""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from mmengine.config import Config

from mvlr_mm.apis import LoadedModel, load_model
from mvlr_mm.config import read_config
from mvlr_mm.export import describe_model, trace_scores, write_onnx, write_pt2
from mvlr_mm.export.check import check_scores, onnx_scorer, pt2_scorer, torch_scorer
from mvlr_mm.export.graph import ScoreModel, stride_of
from mvlr_mm.export.int8 import quantize
from mvlr_mm.export.measure import each_batch, mean_average_precision
from mvlr_mm.export.onnx_file import check_onnx
from mvlr_mm.extras import require
from mvlr_stack.outputs import whole_file

WRITERS = {'onnx': (write_onnx, onnx_scorer), 'pt2': (write_pt2, pt2_scorer)}
MOST_LOST = 1.0  # points of mAP
_CALIBRATION = 128  # pictures


def run(args: argparse.Namespace) -> int:
    """Export, compare with the model, and give the file its name.

    Args:
        args: Of the command line.

    Returns:
        The exit status, 0.

    Raises:
        ImportError: A package of the extra ``export`` is not installed.
        RuntimeError: The written scores are not the model's.
        ValueError: The model or its transforms cannot be exported, or 8 bits lose too
            much.
    """
    if args.format == 'onnx':
        check_onnx()
        require('onnxruntime', extra='export')
    cfg = None if args.int8 is None else read_sets(args.int8)
    loaded = load_model(args.model, args.checkpoint)
    description = describe_model(loaded)
    size = description['preprocessing']['size']
    program = trace_scores(loaded.model, *size)
    write, open_scorer = WRITERS[args.format]
    expected = ScoreModel(loaded.model)
    stride = stride_of(expected, *size)
    with TemporaryDirectory() as folder:
        draft = Path(folder, f'model.{args.format}')
        write(program, draft, description)
        worst = check_scores(open_scorer(draft), torch_scorer(expected), *size, stride)
        lines = [f"largest difference from the model's scores: {worst:.1e}"]
        if stride is None:
            lines.append('for {} x {} pixels alone, as its trunk'.format(*size[::-1]))
        if cfg is not None:
            small = Path(folder, 'int8.onnx')
            lines += _quantize(loaded, draft, small, cfg)
            draft = small
        with whole_file(args.out) as file:
            file.write_bytes(draft.read_bytes())
    megabytes = Path(args.out).stat().st_size / 1e6
    print('\n'.join([*lines, f'{args.format}: {args.out} ({megabytes:.1f} MB)']))
    return 0


def read_sets(config: str) -> Config:
    """Return a config with the pictures for 8 bits.

    Raises:
        FileNotFoundError: It does not exist.
        ValueError: It lacks val or test pictures.
    """
    cfg = read_config(config)
    for name in ('val_dataloader', 'test_dataloader'):
        if cfg.get(name) is None:
            raise ValueError(f'--int8 {config} has no {name}.')
    return cfg


def _quantize(loaded: LoadedModel, source: Path, path: Path, cfg: Config) -> list[str]:
    """Write the graph in 8 bits; return what is to be said of it.

    Raises:
        ValueError: It loses more than ``MOST_LOST``.
    """
    options = (loaded.model.data_preprocessor, loaded.classes)
    batches = each_batch(cfg, 'val_dataloader', *options, _CALIBRATION)
    count = quantize(source, path, (images for images, _ in batches))
    before, after = (
        mean_average_precision(onnx_scorer(file), cfg, *options)
        for file in (source, path)
    )
    said = f'mAP {before:.2f} in float, {after:.2f} in 8 bits'
    if not before - after <= MOST_LOST:
        raise ValueError(
            f'--int8: {said}: more than {MOST_LOST:g} point lost on the test pictures '
            f'of {cfg.filename}; nothing was written. Export in float.'
        )
    return [f'{count} convolutions and linear maps in 8 bits', said]
