"""Report on trained models: a table per label, curves, pictures, where a label is.

    python tools/scenes/report.py OUT NAME CONFIG WORK_DIR [NAME CONFIG WORK_DIR ...]

Tests each model. The pictures show what the first one says, by thresholds searched on
the pictures to validate on. Each WORK_DIR is one of ``tools/train.py``.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint
from mmpretrain.registry import MODELS
from PIL import Image

from mvlr_mm.apis.work_dir import find_last_checkpoint
from mvlr_mm.config import read_config
from mvlr_mm.evaluation import evaluate
from mvlr_mm.evaluation.label_table import compare_ap, label_table
from mvlr_mm.evaluation.protocols import PROTOCOLS
from mvlr_mm.evaluation.results import Results, write_results
from mvlr_mm.evaluation.table_files import write_comparison
from mvlr_mm.evaluation.table_text import format_comparison
from mvlr_mm.labels.thresholds import read_thresholds
from mvlr_mm.models.classifiers import VLClassifier
from mvlr_mm.visualization import (
    Line,
    draw_curves,
    draw_sheet,
    heat_map,
    overlay,
    verdict_legend,
    verdict_lines,
)
from mvlr_stack.command import main as mvlr
from mvlr_stack.outputs import write_text
from mvlr_stack.progress import track

PICTURES = 12
HEAT_MAPS = 6
SHOWN = 'lighthouse'  # the label whose place the heat maps show
CURVES = ('loss', 'mlgcn/mAP')


def last_checkpoint(work_dir: Path) -> str:
    """Return the path of the last checkpoint that a training left.

    Raises:
        FileNotFoundError: There is none.
    """
    found = find_last_checkpoint(work_dir)
    if found is None:
        raise FileNotFoundError(
            f'{work_dir} holds no checkpoint: train there first with '
            f'`python tools/train.py CONFIG --work-dir {work_dir}`.'
        )
    return str(found)


def load_model(cfg: Config, checkpoint: str) -> VLClassifier:
    """Build the model of a config and load its checkpoint."""
    init_default_scope(cfg.default_scope)
    model_cfg = {'data_preprocessor': cfg.data_preprocessor, **cfg.model}
    model = MODELS.build(model_cfg).eval()
    load_checkpoint(model, checkpoint, map_location='cpu')
    return model


@torch.no_grad()
def predict(model: VLClassifier, dataloader: dict[str, Any], title: str) -> Results:
    """Run a model over a data set.

    Args:
        model: In eval mode.
        dataloader: Config of the loader.
        title: Text of the progress.
    """
    loader = Runner.build_dataloader(dataloader)
    names = list(loader.dataset.metainfo['classes'])
    scores, targets, paths = [], [], []
    for batch in track(loader, title, len(loader)):
        for sample in model.test_step(batch):
            target = np.zeros(len(names), np.int8)
            target[sample.gt_label] = 1
            scores.append(sample.pred_score.numpy())
            targets.append(target)
            paths.append(sample.img_path)
    return Results(np.stack(scores), np.stack(targets), names, paths)


@torch.no_grad()
def patch_logits(
    model: VLClassifier, image: Image.Image
) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the logits of the patches of a picture, (N, C), and their grid."""
    pixels = torch.from_numpy(np.array(image.convert('RGB'))[..., ::-1].copy())
    data = model.data_preprocessor({'inputs': [pixels.permute(2, 0, 1)]})
    features = model.features(data['inputs'])
    return model.head.patch_logits(features)[0].numpy(), features.grid


def pick_pictures(targets: np.ndarray, count: int, least: int = 3) -> np.ndarray:
    """Return up to ``count`` rows with at least ``least`` labels, evenly spread."""
    rich = np.flatnonzero(targets.sum(axis=1) >= least)
    if len(rich) == 0:
        rich = np.arange(len(targets))
    spread = np.linspace(0, len(rich) - 1, min(count, len(rich)))
    return rich[spread.round().astype(int)]


def draw_pictures(path: Path, found: Results, thresholds: np.ndarray) -> None:
    """Draw the sheet: test pictures with their labels and what the model says."""
    rows = pick_pictures(found.targets, PICTURES)
    names, targets, scores = found.classes, found.targets, found.scores
    texts = [
        verdict_lines(names, targets[row], scores[row], thresholds) for row in rows
    ]
    images = [Image.open(found.paths[row]) for row in rows]
    legend = verdict_legend(thresholds)
    draw_sheet(path, images, texts, legend=legend, columns=4, lines=11)


def draw_heat_maps(path: Path, model: VLClassifier, found: Results) -> None:
    """Draw pictures and, below each, where the model sees a label.

    The first half of them has the label ``SHOWN``, the others have not.
    """
    label = found.classes.index(SHOWN)
    has = found.targets[:, label] == 1
    rows = [
        row
        for group in (np.flatnonzero(has), np.flatnonzero(~has))
        for row in group[: HEAT_MAPS // 2]
    ]
    images = [Image.open(found.paths[row]) for row in rows]
    maps = []
    for image in images:
        logits, grid = patch_logits(model, image)
        maps.append(overlay(image, heat_map(logits[:, label], grid, image.size)))
    texts = [[] for _ in images]
    texts += [verdict_lines_of(found, row, label) for row in rows]
    legend = [Line(f'{SHOWN}: the brighter, the surer is the patch', (20, 20, 20))]
    draw_sheet(path, images + maps, texts, legend=legend, columns=len(images))


def verdict_lines_of(found: Results, row: int, label: int) -> list[Line]:
    """Return the line below the heat map of one picture and label."""
    there = 'there' if found.targets[row, label] == 1 else 'not there'
    return [Line(f'{there}, score {found.scores[row, label]:.2f}', (20, 20, 20))]


def write_report(
    out: Path, results: dict[str, Results], work_dirs: dict[str, Path]
) -> str:
    """Write ``report.md``, ``labels.csv`` and ``curves.png``.

    Args:
        out: Folder for them; it holds the pictures.
        results: What each model says of the test pictures.
        work_dirs: Where each model was trained.

    Returns:
        The table of labels.
    """
    models = list(results)
    tables = {
        name: label_table(r.scores, r.targets, r.classes, PROTOCOLS['mlgcn'])
        for name, r in results.items()
    }
    rows = compare_ap(tables)
    table = format_comparison(rows, models)
    write_comparison(out / 'labels.csv', rows, models)
    logs = {k: sorted(d.glob('*/vis_data/scalars.json')) for k, d in work_dirs.items()}
    draw_curves(out / 'curves.png', logs, CURVES)
    found = ''.join(
        f'- {name}: mAP {value:.1f}\n'
        for name, value in zip(models, rows[-1].ap, strict=True)
    )
    count = len(results[models[0]].paths)
    write_text(
        out / 'report.md',
        f'# Results on {count} test pictures\n\n{found}\n'
        f'## Average precision of each label, in percent\n\n{table}\n\n'
        '## Training\n\n![Training curves](curves.png)\n\n'
        f'## What {models[0]} says\n\n![Test pictures](pictures.png)\n\n'
        f'## Where it sees a label\n\n![Heat maps](heat_map.png)\n',
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
    """Test, search thresholds, write the report, and print what is in it and where."""
    args = parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    results, work_dirs = {}, {}
    for i in range(0, len(args.models), 3):
        name, config, folder = args.models[i : i + 3]
        work_dirs[name] = Path(folder)
        cfg = read_config(config)
        model = load_model(cfg, last_checkpoint(work_dirs[name]))
        results[name] = predict(model, cfg.test_dataloader, f'Testing {name}')
        write_results(work_dirs[name] / 'test.npz', results[name])
        if i == 0:
            val = work_dirs[name] / 'val.npz'
            write_results(val, predict(model, cfg.val_dataloader, 'Its thresholds'))
            file = args.out / 'thresholds.json'
            mvlr(['thresholds', str(val), '--out', str(file), '--overwrite'])
            thresholds = read_thresholds(file, results[name].classes)
            draw_pictures(args.out / 'pictures.png', results[name], thresholds)
            draw_heat_maps(args.out / 'heat_map.png', model, results[name])
    print(write_report(args.out, results, work_dirs))
    for text, file in {
        'Report': 'report.md',
        'AP per label': 'labels.csv',
        'Training curves': 'curves.png',
        'Test pictures': 'pictures.png',
        'Heat maps': 'heat_map.png',
    }.items():
        print(f'{text + ":":17}{args.out / file}')
    for name, found in results.items():
        numbers = evaluate(found.scores, found.targets, PROTOCOLS['mlgcn'])
        print(f'mAP of {name} on test: {numbers["mAP"]:.1f}')


if __name__ == '__main__':
    main()
