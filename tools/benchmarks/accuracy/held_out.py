"""Names that training does not know: which, and what every row trains and is asked."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import METRICS, MODELS

from mvlr_mm.datasets.checking.splits import Split, read_splits
from mvlr_mm.evaluation import MultiLabelProtocol
from mvlr_stack.outputs import write_text

SEEN = 'seen.json'
_LISTS = {'train': 'train.jsonl', 'val': 'val.jsonl'}


@dataclass(frozen=True)
class HeldOutNames:
    """Some names of a data set are unknown until the test.

    Args:
        folder: Where the lists without them lie.
        seen: Names that rows are trained on and tuned by.
        unseen: The others, which the test asks for as well.
    """

    folder: Path
    seen: tuple[str, ...]
    unseen: tuple[str, ...]

    def content(self) -> dict[str, Any]:
        """Return the names, as plain data."""
        return {'seen': list(self.seen), 'unseen': list(self.unseen)}

    def overrides(self, name: str, cfg: Config, trains: bool) -> dict[str, Any]:
        """Return what lets a row train without the names, by dotted key.

        A system that trains nothing is made for all names at once, and sees no label.

        Args:
            name: Of the row.
            cfg: Its config.
            trains: Whether it trains.

        Raises:
            ValueError: It can take no other names than those of its training.
        """
        if not trains:
            return {}
        _check_takes_names(name, cfg)
        every = cfg.test_dataloader.dataset.classes
        lists = {
            f'{split}_dataloader.dataset.ann_file': str(self.folder / file)
            for split, file in _LISTS.items()
        }
        return {
            'classes': str(self.folder / SEEN),
            'test_dataloader.dataset.classes': every,
            **lists,
        }


def chosen_names(names: Sequence[str], asked: float, seed: int) -> tuple[str, ...]:
    """Return the names to hold out, in their order.

    Args:
        names: Of all labels.
        asked: Their share, below 1, or their number.
        seed: Of the choice.

    Raises:
        ValueError: Fewer than one is held out, fewer than two are left, or ``asked`` is
            neither a share nor a number of names.
    """
    if asked >= 1 and asked % 1:
        raise ValueError(
            f'--held-out {asked:g} must be a share below 1, or a whole number of names.'
        )
    number = round(asked * len(names)) if asked < 1 else int(asked)
    if not 1 <= number <= len(names) - 2:
        raise ValueError(
            f'--held-out {asked:g} is {number} of {len(names)} names; hold out at '
            'least one, and leave two.'
        )
    order = np.random.default_rng(seed).permutation(len(names))
    return tuple(names[i] for i in sorted(order[:number]))


def hold_out(cfg: Config, folder: Path, asked: float, seed: int) -> HeldOutNames:
    """Choose the names, and write the lists without them.

    The pictures stay: of one with a name held out the other labels are known.

    Args:
        cfg: With the loaders of all rows.
        folder: Where the lists go.
        asked: See :func:`chosen_names`.
        seed: See :func:`chosen_names`.

    Raises:
        ValueError: See :func:`chosen_names`; a list has problems; or the test has no
            ``MultiLabelProtocol``, or one with thresholds of single labels.
    """
    _check_evaluator(cfg.test_evaluator)
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    loaders = {f'{split}_dataloader': cfg[f'{split}_dataloader'] for split in _LISTS}
    splits = read_splits(Config(loaders))
    names = splits[0].classes
    unseen = chosen_names(names, asked, seed)
    seen = tuple(name for name in names if name not in unseen)
    # of another choice it is another folder
    folder = folder.resolve() / f'held_out{len(unseen)}_seed{seed}'
    folder.mkdir(parents=True, exist_ok=True)
    for split in splits:
        if split.problems:
            raise ValueError(f'{split.name}: {split.problems[0]}')
        write_text(folder / _LISTS[split.name], _lines(split, set(seen)))
    for file, some in ((SEEN, seen), ('unseen.json', unseen)):
        write_text(folder / file, json.dumps(some, ensure_ascii=False, indent=1) + '\n')
    return HeldOutNames(folder, seen, unseen)


def _check_evaluator(test_evaluator: Any) -> None:
    """Stop before hours of runs whose test could not be evaluated."""
    several = isinstance(test_evaluator, (list, tuple))
    for metric in test_evaluator if several else [test_evaluator]:
        if METRICS.get(metric['type']) is MultiLabelProtocol:
            if metric.get('thresholds') is None:
                return
            raise ValueError(
                f'--held-out: test_evaluator has thresholds={metric["thresholds"]!r}, '
                'and names that are not trained have none; leave them out.'
            )
    raise ValueError('--held-out: test_evaluator must have a MultiLabelProtocol.')


def _lines(split: Split, seen: set[str]) -> str:
    """Return a list of pictures whose labels are those of some names."""
    lines = []
    for path, states in zip(split.paths, split.states, strict=True):
        of_state = {
            key: [
                name
                for name, state in zip(split.classes, states, strict=True)
                if state == value and name in seen
            ]
            for key, value in (('labels', 1), ('unknown', -1))
        }
        if not of_state['unknown']:
            del of_state['unknown']
        place = path if '://' in path else str(Path(path).absolute())
        # escaped, since the name of a file need be no UTF-8
        lines.append(json.dumps({'image': place, **of_state}) + '\n')
    return ''.join(lines)


def _check_takes_names(name: str, cfg: Config) -> None:
    neck, head = cfg.model.get('neck') or {}, MODELS.get(cfg.model.head.type)
    prompt = neck.get('prompt')
    takes_names = prompt and getattr(MODELS.get(prompt.type), 'takes_names', True)
    if not takes_names or 'labels' not in getattr(head, 'reads', ('labels',)):
        raise ValueError(
            f'--held-out: {name} has learned a row for each label of its training and '
            'takes no other names; leave it out.'
        )
