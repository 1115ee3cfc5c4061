"""Draw the data of a config: a contact sheet, the labels, which go together."""

import argparse

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from mmpretrain.registry import DATASETS
from PIL import Image

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


def load_picture(path: str, load: BaseTransform) -> Image.Image:
    """Return a picture as a training loads it.

    Args:
        path: Of the picture.
        load: The transform that loads it.

    Raises:
        ValueError: It cannot be read, or decoded in full.
    """
    try:
        results = load({'img_path': path})
    except (OSError, ValueError, AssertionError, cv2.error) as error:
        raise ValueError(
            f'{path} cannot be loaded: {error}; `mvlr verify` finds all such pictures.'
        ) from error
    if results is None:
        raise ValueError(f'{path} is left out by {type(load).__name__}.')
    return to_image(results['img'])


def to_image(array: np.ndarray) -> Image.Image:
    """Return pixels of a pipeline as a picture to draw.

    Args:
        array: (H, W), (H, W, 1), or (H, W, 3) in the order blue, green, red, as OpenCV
            and so the pipeline hold them; 0 to 255.

    Raises:
        ValueError: It is of another shape or range.
    """
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3):
        raise ValueError(
            f'a picture of shape {array.shape} cannot be drawn; (H, W), (H, W, 1) and '
            '(H, W, 3) can.'
        )
    if array.min() < 0 or array.max() > 255:
        raise ValueError(
            f'a picture with values from {array.min()} to {array.max()} cannot be '
            'drawn; leave out what normalises it, which the data preprocessor does.'
        )
    colours = np.rint(array[..., ::-1]).astype(np.uint8)
    return Image.fromarray(np.broadcast_to(colours, (*array.shape[:2], 3)))


def transformed_pictures(cfg: Config, split: str, chosen: np.ndarray) -> list:
    """Return pictures as the pipeline hands them to the model, before normalisation.

    Args:
        cfg: The config.
        split: Name of a split of one data set.
        chosen: Indices of the pictures.

    Raises:
        ValueError: The split is made of several data sets, or its pipeline leaves a
            picture out or ends in something else than one.
    """
    source = cfg[f'{split}_dataloader'].dataset
    while 'dataset' in source:
        source = source.dataset
    if len(data_sets_of(source)) != 1:
        raise ValueError('--transformed needs a split that is one data set.')
    dataset = DATASETS.build(source)
    dataset.full_init()
    images = []
    for i in chosen:
        # not dataset[i], which takes any other picture where this one is left out
        results = dataset.prepare_data(int(i))
        if results is None:
            path = dataset.get_data_info(int(i))['img_path']
            raise ValueError(
                f'{path} is left out by the pipeline; mend it, or take another --seed.'
            )
        inputs = results.get('inputs')
        if not isinstance(inputs, torch.Tensor) or inputs.dim() != 3:
            raise ValueError(
                "--transformed needs a pipeline that gives 'inputs' (channels, H, W), "
                f'not {type(inputs).__name__}; let it end with PackInputs.'
            )
        images.append(to_image(inputs.numpy().transpose(1, 2, 0)))
    return images


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
        images = [load_picture(split.paths[i], split.loaders[i]) for i in chosen]
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
