"""Report on two trained models: a table per label, the curves, a sheet of pictures.

    python tools/scenes/report.py OUT NAME CONFIG WORK_DIR [NAME CONFIG WORK_DIR ...]

The sheet shows what the first model says. Each WORK_DIR is one of ``tools/train.py``.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import mmengine
import numpy as np
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint
from mmpretrain.registry import MODELS
from PIL import Image
from rich.progress import track

from mvlr_mm.config import read_config
from mvlr_mm.evaluation import evaluate
from mvlr_mm.evaluation.label_table import compare_ap, label_table
from mvlr_mm.evaluation.protocols import PROTOCOLS
from mvlr_mm.evaluation.table_files import write_comparison
from mvlr_mm.evaluation.table_text import format_comparison
from mvlr_mm.visualization import (
    draw_curves,
    draw_sheet,
    verdict_legend,
    verdict_lines,
)

PICTURES = 12
CURVES = ('loss', 'mlgcn/mAP')


class Predictions(NamedTuple):
    """What one model says of the test set: B pictures, C labels."""

    scores: np.ndarray  # (B, C)
    targets: np.ndarray  # (B, C) in {0, 1}
    paths: list[str]
    names: list[str]


def last_checkpoint(work_dir: Path) -> str:
    """Return the path of the last checkpoint that a training left.

    Raises:
        FileNotFoundError: There is none.
    """
    pointer = work_dir / 'last_checkpoint'
    if not pointer.exists():
        raise FileNotFoundError(
            f'{work_dir} holds no last_checkpoint: train there first with '
            f'`python tools/train.py CONFIG --work-dir {work_dir}`.'
        )
    return pointer.read_text().strip()


@torch.no_grad()
def predict(config: str, checkpoint: str, title: str) -> Predictions:
    """Run a model over the test set of its config.

    Args:
        config: Path of the config.
        checkpoint: Path of its checkpoint.
        title: Text before the progress bar.
    """
    cfg = read_config(config)
    init_default_scope(cfg.default_scope)
    model_cfg = {'data_preprocessor': cfg.data_preprocessor, **cfg.model}
    model = MODELS.build(model_cfg).eval()
    load_checkpoint(model, checkpoint, map_location='cpu')
    loader = Runner.build_dataloader(cfg.test_dataloader)
    names = list(loader.dataset.metainfo['classes'])
    scores, targets, paths = [], [], []
    for batch in track(loader, title):
        for sample in model.test_step(batch):
            target = torch.zeros(len(names))
            target[sample.gt_label] = 1
            scores.append(sample.pred_score)
            targets.append(target)
            paths.append(sample.img_path)
    return Predictions(
        torch.stack(scores).numpy(), torch.stack(targets).numpy(), paths, names
    )


def pick_pictures(targets: np.ndarray, count: int, least: int = 3) -> np.ndarray:
    """Return up to ``count`` rows with at least ``least`` labels, evenly spread."""
    rich = np.flatnonzero(targets.sum(axis=1) >= least)
    if len(rich) == 0:
        rich = np.arange(len(targets))
    spread = np.linspace(0, len(rich) - 1, min(count, len(rich)))
    return rich[spread.round().astype(int)]


def write_report(
    out: Path, predictions: dict[str, Predictions], work_dirs: dict[str, Path]
) -> str:
    """Write ``report.md``, ``labels.csv``, ``curves.png`` and ``pictures.png``.

    Args:
        out: Folder for them.
        predictions: What each model says; the sheet shows the first.
        work_dirs: Where each model was trained.

    Returns:
        The table of labels.
    """
    mmengine.mkdir_or_exist(str(out))
    models = list(predictions)
    first = predictions[models[0]]
    tables = {
        name: label_table(p.scores, p.targets, p.names, PROTOCOLS['mlgcn'])
        for name, p in predictions.items()
    }
    rows = compare_ap(tables)
    table = format_comparison(rows, models)
    write_comparison(out / 'labels.csv', rows, models)
    logs = {k: sorted(d.glob('*/vis_data/scalars.json')) for k, d in work_dirs.items()}
    draw_curves(out / 'curves.png', logs, CURVES)
    chosen = pick_pictures(first.targets, PICTURES)
    images = [Image.open(first.paths[row]) for row in chosen]
    texts = [
        verdict_lines(first.names, first.targets[row], first.scores[row])
        for row in chosen
    ]
    options = dict(legend=verdict_legend(), columns=4, lines=11)
    draw_sheet(out / 'pictures.png', images, texts, **options)
    results = ''.join(
        f'- {name}: mAP {value:.1f}\n'
        for name, value in zip(models, rows[-1].ap, strict=True)
    )
    (out / 'report.md').write_text(
        f'# Results on {len(first.paths)} test pictures\n\n{results}\n'
        f'## Average precision of each label, in percent\n\n{table}\n\n'
        '## Training\n\n![Training curves](curves.png)\n\n'
        f'## What {models[0]} says\n\n![Test pictures](pictures.png)\n',
        encoding='utf-8',
    )
    return table


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('out', type=Path, help='folder for the report')
    parser.add_argument('models', nargs='+', help='NAME CONFIG WORK_DIR, repeated')
    args = parser.parse_args()
    if len(args.models) % 3:
        parser.error('give NAME CONFIG WORK_DIR for each model')
    return args


def main() -> None:
    """Predict, write the report, and print what is in it and where."""
    args = parse_args()
    predictions, work_dirs = {}, {}
    for i in range(0, len(args.models), 3):
        name, config, folder = args.models[i : i + 3]
        work_dirs[name] = Path(folder)
        checkpoint = last_checkpoint(work_dirs[name])
        predictions[name] = predict(config, checkpoint, f'Testing {name}')
    print(write_report(args.out, predictions, work_dirs))
    for text, file in {
        'Report': 'report.md',
        'AP per label': 'labels.csv',
        'Training curves': 'curves.png',
        'Test pictures': 'pictures.png',
    }.items():
        print(f'{text + ":":17}{args.out / file}')
    for name, found in predictions.items():
        numbers = evaluate(found.scores, found.targets, PROTOCOLS['mlgcn'])
        print(f'mAP of {name} on test: {numbers["mAP"]:.1f}')


if __name__ == '__main__':
    main()
