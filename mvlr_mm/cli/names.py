"""Measure, on the val set, the scale for scores of labels that were never trained."""

import argparse
from pathlib import Path

from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mvlr_mm.apis import LoadedModel, load_model
from mvlr_mm.apis.device import choose_device
from mvlr_mm.apis.measure_names import measure_names
from mvlr_mm.apis.work_dir import NAMES
from mvlr_mm.evaluation.calibration import brier_score, calibration_error
from mvlr_mm.evaluation.means import mean_over_labels
from mvlr_mm.labels.scale import write_name_scale
from mvlr_stack.outputs import check_output
from mvlr_stack.progress import track


def val_batches(loaded: LoadedModel) -> DataLoader:
    """Return the loader of the val set, whose labels are those of the model.

    Raises:
        ValueError: The config has none, as that of a pack, or they are not.
    """
    settings = loaded.config.get('val_dataloader')
    if settings is None:
        raise ValueError(
            'the model has no val_dataloader: name the work dir or the config of its '
            'training, not a pack.'
        )
    scope = loaded.config.get('default_scope', 'mmpretrain')
    with DefaultScope.overwrite_default_scope(scope):
        batches = Runner.build_dataloader(settings)
    classes = tuple(batches.dataset.metainfo['classes'])
    if classes != loaded.classes:
        raise ValueError(
            f'the val set has {len(classes)} labels ({classes[0]!r}, ...), the model '
            f'{len(loaded.classes)} ({loaded.classes[0]!r}, ...), others or in another '
            'order; both must be the same.'
        )
    return batches


def run(args: argparse.Namespace) -> int:
    """Measure, write the file, and say what came out.

    Args:
        args: Of the command line.

    Returns:
        The exit status, 0.
    """
    loaded = load_model(args.source, args.checkpoint, choose_device(args.device))
    out = Path(args.out or loaded.checkpoint.parent / NAMES)
    check_output('--out', out, args.overwrite)
    batches = val_batches(loaded)
    count = len(batches.dataset)
    seen = track(batches, 'Measuring', len(batches))
    scale, scores, targets = measure_names(loaded.model, seen, count, args.pictures)
    write_name_scale(out, scale)
    numbers = (x(scores, targets) for x in (calibration_error, brier_score))
    error, brier = (mean_over_labels(x) for x in numbers)
    print(
        f'{count} pictures, {len(scale.patches)} of them kept; '
        f'slope {scale.slope:.3f}, bias {scale.bias:.3f}\n'
        f'the trained labels, scored as if they were new: calibration error '
        f'{100 * error:.2f} %, Brier score {brier:.4f}\n'
        f'scale of new names: {out}'
    )
    return 0
