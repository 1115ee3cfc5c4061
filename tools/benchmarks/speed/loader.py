"""The training pipelines that `train` compares, and pictures to load with them."""

import copy
import io
import json
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from mvlr_mm.cache import make_cache, on_cache
from mvlr_stack.cores import cores as usable_cores

from .timing import compare

SUFFIXES = ('.jpg', '.jpeg', '.png', '.webp')
RESIZES = ('Resize', 'NativeResize', 'RandomResizedCrop')
MMPRETRAIN = 'mmpretrain, usual'
OURS = 'config'
PLAIN = "config, mmpretrain's transforms"
# what the config's own transforms stand for; they give the same pictures
PLAIN_TYPES = {
    'NativeResize': dict(type='Resize', backend='pillow'),
    'ContiguousFlip': dict(type='RandomFlip'),
    'PackPlanes': dict(type='PackInputs'),
    'TableRandAugment': dict(type='RandAugment'),
}
CACHED = 'config, cache'
GPU_RATES = (100, 200, 400, 800)
MARGINS = {'config, reduced decode': 1.5, 'config, reduced decode, margin 1': 1.0}


def draw_pictures(folder: Path, count: int, size: tuple[int, int]) -> list[Path]:
    """Write JPEGs with about the spectrum of photographs, the same ones every time.

    Args:
        folder: Where they go.
        count: How many.
        size: Width and height, px.
    """
    width, height = size
    generator = np.random.default_rng(0)
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)
    # amplitudes fall with the frequency, which itself starts at one wave a picture
    falloff = 1 / np.maximum(np.hypot(fy, fx), 1 / max(size))
    paths = []
    for index in range(count):
        noise = np.fft.rfft2(generator.normal(size=(3, height, width)))
        planes = np.fft.irfft2(noise * falloff, s=(height, width))
        planes = 128 + 50 * planes / planes.std()
        img = planes.clip(0, 255).astype(np.uint8).transpose(1, 2, 0)
        paths.append(folder / f'{width}x{height}_{index}.jpg')
        Image.fromarray(img).save(paths[-1], quality=90)
    return paths


def find_pictures(folder: Path, count: int) -> list[Path]:
    """Return the first pictures of a folder, in the order of their names.

    Raises:
        ValueError: It has none.
    """
    found = sorted(p for p in folder.rglob('*') if p.suffix.lower() in SUFFIXES)
    if not found:
        raise ValueError(f'--pictures {folder}: no file ends with one of {SUFFIXES}.')
    return found[:count]


def training_pipeline(cfg: Config, side: int) -> list[dict]:
    """Return the training pipeline of a config for pictures of a side, px."""
    pipeline = copy.deepcopy(cfg.train_dataloader.dataset.pipeline)
    for transform in pipeline:
        if transform['type'] in RESIZES:
            transform['scale'] = (side, side)
    return [dict(transform) for transform in pipeline]


def pipelines(cfg: Config, side: int) -> dict[str, list[dict]]:
    """Return the pipelines to compare, by name."""
    ours = training_pipeline(cfg, side)
    usual = [
        dict(type='LoadImageFromFile'),
        dict(
            type='RandomResizedCrop',
            scale=side,
            backend='pillow',
            interpolation='bicubic',
        ),
        dict(type='RandomFlip', prob=0.5, direction='horizontal'),
        dict(type='PackInputs'),
    ]
    plain = [t | PLAIN_TYPES.get(t['type'], {}) for t in ours]
    result = {MMPRETRAIN: usual, OURS: ours, PLAIN: plain}
    for name, margin in MARGINS.items():
        load = dict(type='LoadImageReduced', scale=(side, side), margin=margin)
        result[name] = [
            load if transform['type'] == 'LoadPicture' else transform
            for transform in ours
        ]
    return result


def cached_pipeline(
    pipeline: list[dict], paths: Sequence[Path], folder: Path
) -> list[dict]:
    """Return a pipeline that reads what its first steps make of some pictures.

    Args:
        pipeline: Of a config.
        paths: The pictures, which are kept now.
        folder: Where they go.
    """
    records = (dict(image=str(p.absolute()), labels=['any']) for p in paths)
    (folder / 'list.jsonl').write_text('\n'.join(map(json.dumps, records)))
    dataset = dict(
        type='MultiLabelList',
        ann_file=str(folder / 'list.jsonl'),
        classes=['any'],
        pipeline=pipeline,
    )
    cfg = Config(dict(train_dataloader=dict(dataset=dataset), cache=str(folder)))
    with redirect_stdout(io.StringIO()):
        make_cache(cfg, folder)
    return on_cache(cfg).train_dataloader.dataset.pipeline


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute as a worker of a data loader does: whatever is called, in one thread."""
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])


def _record(path: Path) -> dict[str, Any]:
    return dict(img_path=str(path), gt_label=[0, 1, 2])


def contestants(
    cfg: Config, side: int, paths: Sequence[Path], folder: Path
) -> dict[str, list[dict]]:
    """Return the pipelines to compare, and one behind a cache, which goes to a folder.

    Where a pipeline draws at random before it resizes, there is nothing to keep.
    """
    found = pipelines(cfg, side)
    with suppress(ValueError):
        found[CACHED] = cached_pipeline(found[OURS], paths, folder)
    return found


def images_per_second(
    ways: dict[str, list[dict]], paths: Sequence[Path], seconds: float
) -> dict[str, float]:
    """Compare pipelines on the same pictures, in one process and one thread."""

    def load(pipeline: Compose) -> None:
        for path in paths:
            pipeline(_record(path))

    runs = {name: partial(load, Compose(steps)) for name, steps in ways.items()}
    with one_thread():
        times = compare(runs, seconds)
    return {name: 1e3 * len(paths) / time['ms'] for name, time in times.items()}


class _Pictures(Dataset):
    """Pictures through a pipeline, as workers of a data loader take them."""

    def __init__(self, paths: Sequence[Path], transforms: list[dict]) -> None:
        self.paths, self.load = paths, Compose(transforms)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.load(_record(self.paths[index]))['inputs']


def all_cores(
    transforms: list[dict], paths: Sequence[Path], seconds: float
) -> tuple[int, float]:
    """Return how many cores there are, and their pictures a second together.

    Each has a worker with one thread; how long they take to start is not counted.
    """
    cores = len(usable_cores())
    dataset = _Pictures(paths, transforms)
    start = time.perf_counter()
    dataset[0]
    count = 32 * cores + int(cores * seconds / (time.perf_counter() - start))
    order = [i % len(paths) for i in range(count)]
    batches = DataLoader(
        dataset, batch_size=8, sampler=order, num_workers=cores, drop_last=True
    )
    iterator = iter(batches)
    next(iterator)
    start, loaded = time.perf_counter(), 0
    for batch in iterator:
        loaded += len(batch)
    return cores, loaded / (time.perf_counter() - start)


def transform_ms(
    cfg: Config, side: int, paths: Sequence[Path], seconds: float
) -> dict[str, float]:
    """Return the milliseconds a picture that each transform of the config takes.

    Each is timed where it stands: behind the others, code and pixels have left the
    caches, and most take about twice of what they take when they are called in a row.
    Together they are the pipeline's time.
    """
    steps = [(t['type'], Compose([t])) for t in training_pipeline(cfg, side)]
    rounds: list[Counter[str]] = []
    end = time.perf_counter() + seconds
    with one_thread():
        while len(rounds) < 2 or time.perf_counter() < end:
            rounds.append(Counter())
            for path in paths:
                data = _record(path)
                for name, step in steps:
                    start = time.perf_counter()
                    data = step(data)
                    rounds[-1][name] += time.perf_counter() - start
    return {  # without the first, which warms up
        name: 1e3 * statistics.median(r[name] for r in rounds[1:]) / len(paths)
        for name, _ in steps
    }
