"""Draw the data of a config: a contact sheet, the labels, which go together."""

import argparse

import numpy as np
from mmengine.config import Config
from mmpretrain.registry import DATASETS
from PIL import Image, ImageOps

from mvlr_mm.datasets.checking.splits import Split, data_sets_of, read_splits
from mvlr_mm.visualization import (
    draw_cooccurrence,
    draw_label_histogram,
    draw_sheet,
    label_lines,
)
from mvlr_stack.words.browse import PICTURES

from .data_config import load_data_config


def pick_split(splits: list[Split], name: str) -> Split:
    """Return a split by its name.

    Args:
        splits: The splits of a config.
        name: ``train``, ``val`` or ``test``.

    Raises:
        ValueError: The config has no such split, or the split no picture.
    """
    for split in splits:
        if name in split.name.split(', '):
            if not split.paths:
                why = f': {split.problems[0]}' if split.problems else ''
                raise ValueError(f'{name} has no picture{why}')
            return split
    raise ValueError(f'--split {name}: the config has no {name}_dataloader.')


def open_picture(path: str) -> Image.Image:
    """Return a picture turned as its camera says.

    Raises:
        ValueError: It cannot be opened or decoded in full.
    """
    try:
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image).convert('RGB')
    except (OSError, SyntaxError) as error:  # Pillow raises both of broken files
        raise ValueError(
            f'{path} cannot be opened: {error}; `mvlr verify` finds all such pictures.'
        ) from error


def transformed_pictures(cfg: Config, split: str, chosen: np.ndarray) -> list:
    """Return pictures as the pipeline hands them to the model, before normalisation.

    Args:
        cfg: The config.
        split: Name of a split of one data set.
        chosen: Indices of the pictures.

    Raises:
        ValueError: The split is made of several data sets.
    """
    source = cfg[f'{split}_dataloader'].dataset
    while 'dataset' in source:
        source = source.dataset
    if len(data_sets_of(source)) != 1:
        raise ValueError('--transformed needs a split that is one data set.')
    dataset = DATASETS.build(source)
    arrays = (dataset[int(i)]['inputs'].numpy().transpose(1, 2, 0) for i in chosen)
    # the pipeline holds pictures as OpenCV does, in the order blue, green, red
    return [Image.fromarray(np.ascontiguousarray(array[..., ::-1])) for array in arrays]


def run(args: argparse.Namespace) -> int:
    """Draw the three pictures.

    Args:
        args: Of the command line.

    Returns:
        The exit status, 0.
    """
    cfg = load_data_config(args.config, args.cfg_options)
    splits = read_splits(cfg)
    split = pick_split(splits, args.split)
    count = min(args.number, len(split.paths))
    rng = np.random.default_rng(args.seed)
    chosen = np.sort(rng.choice(len(split.paths), count, replace=False))
    if args.transformed:
        images = transformed_pictures(cfg, args.split, chosen)
    else:
        images = [open_picture(split.paths[i]) for i in chosen]
    paths = {name: args.out / f'{name}.png' for name in PICTURES}
    names, states = np.array(split.classes), split.states[chosen]
    texts = [label_lines(names[row == 1], names[row == -1]) for row in states]
    draw_sheet(paths['sheet'], images, texts)
    same = {s.name: s.states for s in splits if s.classes == split.classes}
    counted = {split.name: split.states, **same}
    draw_label_histogram(paths['labels'], split.classes, counted)
    title = f'{split.name}, {len(split.paths):,} pictures'
    draw_cooccurrence(paths['together'], split.classes, split.states, title)
    for path in paths.values():
        print(path)
    for split in splits:
        if split.problems:
            print(f'{split.name}: {len(split.problems)} problems; see `mvlr verify`.')
    return 0
