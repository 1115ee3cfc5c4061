"""Make a folder to share of a trained model."""

import argparse
from pathlib import Path

from mvlr_mm.apis import LoadedModel, load_model
from mvlr_mm.apis.retag import check_takes_names, comparing_weights
from mvlr_mm.apis.work_dir import THRESHOLDS
from mvlr_mm.labels.thresholds import read_temperatures, read_thresholds
from mvlr_mm.packs import Pack, write_pack
from mvlr_mm.packs.files import ABOUT
from mvlr_mm.packs.write import read_numbers

Values = dict[str, float]


def decisions(
    path: str | None, loaded: LoadedModel
) -> tuple[Values | None, Values | None]:
    """Return thresholds and temperatures by label, None where there are none.

    Args:
        path: A file of `mvlr thresholds`; None is the one beside the checkpoint.
        loaded: The model.

    Raises:
        FileNotFoundError: There is no file of that name.
        ValueError: It is no file of thresholds, or lacks a label.
    """
    beside = loaded.checkpoint.parent / THRESHOLDS
    if path is None and not beside.is_file():
        return loaded.thresholds, None
    file, names = path or beside, loaded.classes
    temperatures = read_temperatures(file, names)
    return _by_name(names, read_thresholds(file, names)), (
        None if temperatures is None else _by_name(names, temperatures)
    )


def check_names(loaded: LoadedModel) -> bool:
    """Say whether a model takes other labels by name.

    Raises:
        ValueError: It does, and their scale was measured with another model.
    """
    try:
        _, stage = check_takes_names(loaded.model)
    except ValueError:
        return False
    if loaded.name_scale is not None:
        loaded.name_scale.check(loaded.classes)
        weights = comparing_weights(stage, loaded.model.head)
        loaded.name_scale.check_weights(weights)
    return True


def describe(pack: Pack, by_name: bool) -> str:
    """Return what a person should know of a pack, in a few lines.

    Args:
        pack: The pack.
        by_name: Whether its model takes other labels by name.
    """
    about, size = pack.about, sum(w.nbytes for w in pack.weights.values())
    text = 'with its text tower'
    text += ', so that it takes other labels by name' if by_name else ''
    if by_name and pack.name_scale is not None:
        text = f'{text} and brings their scores to the scale of the trained ones'
    if not about.text:
        text = 'without a text tower: for its own labels alone'
    kinds = ('thresholds', 'temperatures', 'protocol', 'metrics', 'licence')
    there = [kind for kind in kinds if getattr(about, kind) is not None]
    lacking = [kind for kind in kinds if kind not in there]
    return '\n'.join(
        [
            f'{len(about.classes)} labels, {size / 1e6:.1f} MB, {text}',
            f'has: {", ".join(there) or "-"}; has not: {", ".join(lacking) or "-"}',
            f'sha256 {pack.sha256}',
            f'pack: {pack.folder}',
        ]
    )


def run(args: argparse.Namespace) -> int:
    """Write the pack, and say what is in it.

    Args:
        args: Of the command line.

    Returns:
        The exit status, 0.
    """
    if (Path(args.source) / ABOUT).is_file():
        raise ValueError(f'{args.source} is a pack already; name the work dir of it.')
    numbers = protocol = None
    if args.metrics is not None:
        numbers, protocol = read_numbers(args.metrics)
    loaded = load_model(args.source, args.checkpoint)
    by_name = not args.without_text and check_names(loaded)
    thresholds, temperatures = decisions(args.thresholds, loaded)
    pack = write_pack(
        Path(args.out),
        loaded,
        with_text=not args.without_text,
        with_onnx=args.onnx,
        thresholds=thresholds,
        temperatures=temperatures,
        protocol=protocol,
        metrics=numbers,
        licence=args.licence,
    )
    print(describe(pack, by_name))
    return 0


def _by_name(names: tuple[str, ...], values: list) -> Values:
    return {name: float(value) for name, value in zip(names, values, strict=True)}
