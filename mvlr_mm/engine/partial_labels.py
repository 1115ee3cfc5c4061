"""Whether data say which labels are unknown, and whether a training can cope."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from torch import nn

_LOOK_AT = 1000  # records of a list; who marks labels as unknown does so in many


def refuse_mixed(dataset: Any, source: str) -> None:
    """Stop where pictures with states of their labels stand beside others without.

    In one batch the states of all would be wanted, or those that there are passed over:
    unknown labels would be absent ones.

    Args:
        dataset: Built; one, or a wrapper such as ``ConcatDataset``.
        source: What it is, for the message.

    Raises:
        ValueError: Some of its data sets give ``gt_score``, and others do not.
    """
    parts = [part for part in _parts(dataset) if len(part)]
    marked = ['gt_score' in part.get_data_info(0) for part in parts]
    if len(set(marked)) > 1:
        raise ValueError(
            f'{source}: the data sets {_numbers(marked, True)} of {len(parts)} say '
            f'which labels are unknown, and {_numbers(marked, False)} do not, so their '
            'pictures cannot stand in one batch; give the latter hide=dict(known=1), '
            'by which all of their labels are said to be known.'
        )


def refuse_blended(model: nn.Module) -> None:
    """Stop where unknown labels would be blended with known ones, as pictures are.

    -1 and 1 in equal parts would be an absent label.

    Args:
        model: Not wrapped, for data some of whose labels are unknown.

    Raises:
        ValueError: Its preprocessor blends pictures, by Mixup, CutMix or the like.
    """
    preprocessor = getattr(model, 'data_preprocessor', None)
    blends = getattr(preprocessor, 'batch_augments', None)
    if blends is None:
        return
    kinds = [type(blend).__name__ for blend in blends.augments if blend is not None]
    raise ValueError(
        f'model.train_cfg.augments ({", ".join(kinds)}) blends the labels of pictures, '
        'and labels of the train data are unknown (-1 in gt_score), which cannot be '
        "blended; leave augments out, or say hide=dict(rest='absent') of hidden labels."
    )


def has_unknown(dataset: Any) -> bool:
    """Say whether labels of a data set are unknown, by records from all over it.

    Args:
        dataset: Built; one, or a wrapper such as ``ConcatDataset``.
    """
    return any(map(_marks_unknown, _parts(dataset)))


def takes_unknown_for_known(model: nn.Module) -> str | None:
    """Return the name of a model's loss that does not leave out unknown labels.

    Args:
        model: Not wrapped; losses say so by ``leaves_out_unknown``.
    """
    loss = getattr(getattr(model, 'head', None), 'loss_module', None)
    known = loss is None or getattr(loss, 'leaves_out_unknown', False)
    return None if known else type(loss).__name__


def _parts(dataset: Any) -> Iterator[Any]:
    """Yield the data sets inside of wrappers, each of which reads a list."""
    inner = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    found = [leaf for part in inner if part is not None for leaf in _parts(part)]
    if found:
        yield from found
    elif hasattr(dataset, 'get_data_info'):  # somebody's own may be no list
        yield dataset


def _marks_unknown(dataset: Any) -> bool:
    count = len(dataset)
    places = np.linspace(0, count - 1, min(count, _LOOK_AT)).round().astype(int)
    records = map(dataset.get_data_info, places.tolist())
    scores = (np.asarray(r['gt_score']) for r in records if 'gt_score' in r)
    return any((score < 0).any() for score in scores)


def _numbers(marked: list[bool], wanted: bool) -> str:
    return ', '.join(str(i) for i, found in enumerate(marked) if found is wanted)
