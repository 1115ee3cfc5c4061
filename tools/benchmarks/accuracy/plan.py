"""What one run of a comparison is, and where its result lies."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from mvlr_mm.config import read_config
from mvlr_mm.config.overrides import merge_overrides
from mvlr_mm.datasets.checking.splits import inner_data_sets
from mvlr_mm.features.frozen_part import PATCHES, TRUNK
from mvlr_mm.stores.folder import INDEX

from .rows import Row
from .supervision import Supervision
from .trunk import frozen_part, refuse_training_free

RATE = 'optim_wrapper.optimizer.lr'
DECAY = 'optim_wrapper.optimizer.weight_decay'
SPLITS = ('train', 'val', 'test')
TRY_SEED = 1000  # of the tries, which are none of the runs that count
RESULT = 'result.json'


class Setting(NamedTuple):
    """What is tuned for each row."""

    lr: float
    weight_decay: float


NOTHING = Setting(0.0, 0.0)  # of a system that does not train


class Run(NamedTuple):
    """A training of a row.

    Args:
        row: Name of the row.
        setting: What it trains with.
        seed: Of weights, order and augmentation; None for a try, scored on val alone.
    """

    row: str
    setting: Setting
    seed: int | None = None


class Prepared(NamedTuple):
    """A row that was read.

    Args:
        row: The row.
        cfg: Its config, with the overrides.
        overrides: Of every run, by dotted key.
        trains: False for a system without training: nothing of it is tuned, it takes
            one epoch, and it reads pictures.
    """

    row: Row
    cfg: Config
    overrides: dict[str, Any]
    trains: bool


class Job(NamedTuple):
    """What a worker needs to know of a run."""

    config: str
    overrides: dict[str, Any]
    folder: Path
    flags: tuple[str, ...]
    tested: bool
    unseen: tuple[str, ...] = ()  # names that the test asks for, and training does not


@dataclass(frozen=True)
class Plan:
    """What all runs have in common.

    Args:
        out: Folder of the comparison.
        data: Root of the pictures.
        budget: Epochs.
        features: Folder of `mvlr features`, to train on; None to train on pictures.
        amp: Whether training computes in bfloat16.
        options: Overrides for every row, by dotted key.
        trunk: What puts every row on one trunk, by dotted key; None for each its own.
        supervision: What training may know of the labels; None for everything.
        stage: Up to where a backbone gave the features; see
            :func:`mvlr_mm.features.frozen_part.frozen_stage`. With those of a part of
            the trunk each row trains what its config trains behind it; else every
            backbone is frozen.
    """

    out: Path
    data: Path
    budget: int
    features: Path | None = None
    amp: bool = False
    options: Mapping[str, Any] | None = None
    trunk: Mapping[str, Any] | None = None
    supervision: Supervision | None = None
    stage: str = PATCHES

    @property
    def on_frozen(self) -> bool:
        """Whether features stand for all of every backbone."""
        return self.features is not None and self.stage in (TRUNK, PATCHES)

    def shared(self) -> dict[str, Any]:
        """Return what makes two comparisons different ones, as a json file has it."""
        found = {
            'budget': self.budget,
            'data_root': str(self.data.resolve()),
            'on_features': self.on_frozen or (bool(self.features) and self.stage),
            'amp': self.amp,
            'options': self.options or {},
            'trunk': self.trunk or {},
            'supervision': self.supervision.content() if self.supervision else {},
        }
        return json.loads(json.dumps(found, default=str))

    def prepare(self, row: Row) -> Prepared:
        """Return a row with its config and what overrides it in every run.

        Raises:
            ValueError: The config has no place for something, see `read_config`, or
                its system cannot stand on another trunk or train with such labels.
        """
        overrides = {
            **(self.trunk or {}),
            'data_root': str(self.data),
            # at most a fifth of a run is lost
            'default_hooks.checkpoint.interval': max(1, self.budget // 5),
            'default_hooks.checkpoint.save_best': None,
            # the last is named before the next is whole, and must be there until then
            'default_hooks.checkpoint.max_keep_ckpts': 2,
            **row.overrides,
            **(self.options or {}),
        }
        cfg = read_config(row.config, overrides)
        trains = cfg.train_cfg.get('type') != 'FitLoop'
        if self.trunk and not trains:
            refuse_training_free(row.name)
        if self.supervision:
            overrides |= self.supervision.overrides(row.name, cfg, trains)
            cfg = read_config(row.config, overrides)
        more: dict[str, Any] = {}
        if trains:
            more['train_cfg.max_epochs'] = self.budget
        if trains and self.on_frozen:
            frozen = dict(type='FreezeModules', names=[frozen_part(cfg)])
            more['custom_hooks'] = [*cfg.to_dict().get('custom_hooks', []), frozen]
        merge_overrides(cfg, more)
        return Prepared(row, cfg, overrides | more, trains)

    def job(self, prepared: Prepared, run: Run) -> Job:
        """Return what a worker needs for a run.

        The folder is named after everything that decides about the result: a run of
        another budget, config, set of pictures or file that the model or a data set
        reads (weights, label vectors, graphs, names) is never taken for this one.

        Args:
            prepared: What :meth:`prepare` returned for the row.
            run: One of this row's.
        """
        row, cfg, overrides, trains = prepared
        own = {'randomness.seed': TRY_SEED if run.seed is None else run.seed}
        if trains:
            own |= {RATE: run.setting.lr, DECAY: run.setting.weight_decay}
            # the last epoch alone decides about a try; others show how they learn
            often = self.budget if run.seed is None else max(1, self.budget // 10)
            own['train_cfg.val_interval'] = often
        features = self.features if trains else None
        named = [*_lists(cfg), *_files_in(cfg.model.to_dict())]
        named += dict.fromkeys(path for path in _names(cfg) if path not in named)
        files = [*named, *([features / INDEX] if features else [])]
        what = [cfg.to_dict(), own, self.amp, run.seed is None, *map(_hash, files)]
        known = self.supervision.content() if self.supervision else {}
        if known:
            what.append(known)
        kind = 'try' if run.seed is None else f'seed{run.seed}'
        flags = ['--amp'] * self.amp + (['--features', str(features)] * bool(features))
        return Job(
            row.config,
            overrides | own,
            self.folder(row) / f'{kind}_{key_of(what)}',
            tuple(flags),
            run.seed is not None,
            tuple(known.get('unseen', ())),
        )

    def folder(self, row: Row) -> Path:
        """Return where everything of a row lies."""
        return self.out / 'runs' / re.sub(r'\W+', '_', row.name).strip('_')


def key_of(what: Any) -> str:
    """Return twelve letters that plain data are known by."""
    text = json.dumps(what, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _lists(cfg: Config) -> Iterator[Path]:
    """Yield the files that name the pictures."""
    return _of_data_sets(cfg, 'ann_file')


def _names(cfg: Config) -> Iterator[Path]:
    """Yield the files of label names that the data sets read."""
    return _of_data_sets(cfg, 'classes')


def _of_data_sets(cfg: Config, key: str) -> Iterator[Path]:
    """Yield the files below their roots that the data sets name by a key."""
    for split in SPLITS:
        for inner in inner_data_sets(cfg[f'{split}_dataloader'].dataset):
            value = inner.get(key)
            if isinstance(value, str):
                path = Path(inner.get('data_root') or '', os.path.expanduser(value))
                if path.is_file():
                    yield path


def _files_in(value: Any) -> Iterator[Path]:
    """Yield the files that plain data name by their paths."""
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, str):
        if os.path.isfile(value):  # Path.is_file raises for a text that is too long
            yield Path(value)
    elif isinstance(value, Iterable):
        for below in value:
            yield from _files_in(below)


def _hash(path: Path) -> str:
    state = path.stat()
    return _hash_of(path, state.st_size, state.st_mtime_ns)


@cache
def _hash_of(path: Path, size: int, changed: int) -> str:
    """Return the hash of a file, which is read again if it has changed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
