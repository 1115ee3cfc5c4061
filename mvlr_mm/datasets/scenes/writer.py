"""Writes the scenes to disk as COCO would."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from mvlr_stack.outputs import write_text

from .captions import write_captions
from .layout import CLASSES, make_layout
from .painter import Sighting, paint

SPLITS = ('train', 'val', 'test')
CAPTIONS_PER_IMAGE = 3
VERSION = 2  # raise it whenever a drawing changes, so that old pictures are redone
_IDS_PER_SPLIT = 1_000_000


def draw_scene(
    split: str, index: int, seed: int = 0, size: int = 128
) -> tuple[Image.Image, list[Sighting], list[str]]:
    """Draw one scene; it depends on nothing but these arguments.

    Args:
        split: One of ``SPLITS``.
        index: Number of the picture in its split.
        seed: Seed of the whole data set.
        size: Side of the picture in pixels.

    Returns:
        The picture, what can be seen in it, and its captions.
    """
    rng = np.random.default_rng([seed, SPLITS.index(split), index])
    layout = make_layout(rng)
    image, seen = paint(layout, size, rng)
    names = [thing.name for thing in seen]
    captions = write_captions(
        names, layout.setting, layout.time, CAPTIONS_PER_IMAGE, rng
    )
    return image, seen, captions


def write_scenes(
    root: str | Path,
    counts: dict[str, int],
    seed: int = 0,
    size: int = 128,
    advance: Callable[[], None] = lambda: None,
) -> bool:
    """Write pictures and COCO annotations, unless they are there already.

    ``root`` then holds a folder of pictures per split and
    ``annotations/{instances,captions}_<split>.json``; ``scenes.json`` says what is
    drawn, and whether all of it is.

    Args:
        root: Folder to write to.
        counts: Pictures per split, for instance ``{'train': 2000, 'test': 500}``.
        seed: Seed of the whole data set.
        size: Side of the pictures in pixels.
        advance: Called after every picture, for a progress bar.

    Returns:
        True if pictures were drawn, False if the same ones were there.

    Raises:
        FileExistsError: The folder has annotations of something else.
        ValueError: A split is unknown.
    """
    unknown = sorted(set(counts) - set(SPLITS))
    if unknown:
        raise ValueError(
            f'counts names the split {unknown[0]!r}, but scenes has only '
            f'{", ".join(SPLITS)}: rename or drop it.'
        )
    root = Path(root)
    done = root / 'scenes.json'
    recipe = {'version': VERSION, 'seed': seed, 'size': size, 'counts': counts}
    if done.exists():
        if _read(done) == recipe:
            return False
    else:
        _refuse_others(root, counts)
    write_text(done, json.dumps({**recipe, 'unfinished': True}))
    for split, count in counts.items():
        _write_split(root, split, count, seed, size, advance)
    write_text(done, json.dumps(recipe))
    return True


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except ValueError:  # cut off, as after a crash
        return None


def _refuse_others(root: Path, splits: Iterable[str]) -> None:
    for split in splits:
        path = root / 'annotations' / f'instances_{split}.json'
        if path.exists():
            raise FileExistsError(
                f'{path} exists and {root} has no scenes.json: it belongs to other '
                'pictures; name another folder.'
            )


def _write_split(
    root: Path,
    split: str,
    count: int,
    seed: int,
    size: int,
    advance: Callable[[], None],
) -> None:
    (root / split).mkdir(parents=True, exist_ok=True)
    (root / 'annotations').mkdir(exist_ok=True)
    images, boxes, sentences = [], [], []
    for index in range(count):
        picture, seen, captions = draw_scene(split, index, seed, size)
        image_id = SPLITS.index(split) * _IDS_PER_SPLIT + index
        name = f'{image_id:012}.jpg'
        picture.save(root / split / name, quality=92)
        images.append(
            {'id': image_id, 'file_name': name, 'width': size, 'height': size}
        )
        boxes += [_annotation(thing, image_id) for thing in seen]
        sentences += [{'image_id': image_id, 'caption': text} for text in captions]
        advance()
    categories = [{'id': i + 1, 'name': name} for i, name in enumerate(CLASSES)]
    instances = {'images': images, 'annotations': boxes, 'categories': categories}
    captions = {'images': images, 'annotations': sentences}
    for kind, content in (('instances', instances), ('captions', captions)):
        for number, annotation in enumerate(content['annotations'], 1):
            annotation['id'] = number
        path = root / 'annotations' / f'{kind}_{split}.json'
        write_text(path, json.dumps(content))


def _annotation(thing: Sighting, image_id: int) -> dict:
    return {
        'image_id': image_id,
        'category_id': CLASSES.index(thing.name) + 1,
        'bbox': list(thing.bbox),
        'area': thing.area,
        'iscrowd': 0,
    }
