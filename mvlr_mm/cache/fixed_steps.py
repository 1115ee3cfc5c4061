"""The first steps of a pipeline, which make the same of a picture every time."""

from collections.abc import Sequence

from mmcv.transforms import LoadImageFromFile, Resize
from mmpretrain.datasets.transforms import CenterCrop, ResizeEdge
from mmpretrain.registry import TRANSFORMS

from ..datasets.transforms import LoadImageReduced, LoadPicture, NativeResize

# by what they do; a class that inherits from one of them may draw at random
_LOAD = (LoadImageFromFile, LoadImageReduced, LoadPicture)
_RESIZE = (NativeResize, Resize, ResizeEdge)
_FIXED = (*_LOAD, *_RESIZE, CenterCrop)


def fixed_steps(pipeline: Sequence[dict], split: str) -> list[dict]:
    """Return the steps of a pipeline before the first that may differ between epochs.

    Args:
        pipeline: Configs of the steps.
        split: Whose it is, for the message.

    Raises:
        ValueError: They do not load a picture and resize it.
    """
    kinds = [_kind(step) for step in pipeline]
    count = next((i for i, kind in enumerate(kinds) if kind not in _FIXED), len(kinds))
    if not kinds or kinds[0] not in _LOAD or not set(kinds[:count]) & set(_RESIZE):
        stop = f'step {count}, {pipeline[count]["type"]},' if count < len(kinds) else ''
        raise ValueError(
            f'{split}_dataloader: nothing of its pipeline can be kept, because '
            f'{stop or "its end"} comes before a resize of the whole picture. What is '
            'kept are steps that draw nothing at random: a load, then '
            f'{", ".join(kind.__name__ for kind in (*_RESIZE, CenterCrop))}.'
        )
    return [dict(step) for step in pipeline[:count]]


def _kind(step: dict) -> type | None:
    name = step['type']
    return TRANSFORMS.get(name) if isinstance(name, str) else name
