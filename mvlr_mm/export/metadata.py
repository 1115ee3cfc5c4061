"""What a file for another runtime says of itself."""

import json
from typing import Any

import numpy as np

from ..labels.thresholds import in_order
from ..loaded_model import LoadedModel
from ..version import __version__

FORMAT = 'mvlr-export-1'
_SILENT = ('PackInputs', 'PackPlanes')  # transforms that change no pixel


def describe_model(loaded: LoadedModel) -> dict[str, Any]:
    """Return what one must know to tag pictures with a model's graph.

    Args:
        loaded: The model, its labels, thresholds and the transforms of its test.

    Returns:
        As json has it: ``format``; ``version`` of this package; ``labels`` in the order
        of the scores; ``thresholds``, one for each label (None where it is never
        predicted), or None; ``preprocessing``:
        ``size`` (height, width), ``interpolation`` and ``backend`` of the resize that
        squashes a picture, ``channels``, ``mean`` and ``std`` for pixels in 0 to 255,
        ``decoding``, ``whole`` or ``reduced`` (JPEGs at a part of their size, as
        :class:`mvlr_mm.datasets.transforms.LoadImageReduced` does).

    Raises:
        ValueError: The test brings pictures to the model in another way, or a label
            has no threshold and others have one; or the model has other labels by now.
    """
    loaded.check_labels()
    steps = _named(loaded.pipeline)
    return {
        'format': FORMAT,
        'version': __version__,
        'labels': list(loaded.classes),
        'thresholds': _thresholds(loaded),
        'preprocessing': {
            **_decoding(steps),
            **_resize(steps),
            **_pixels(loaded.model.data_preprocessor),
        },
    }


def _thresholds(loaded: LoadedModel) -> list[float | None] | None:
    if loaded.thresholds is None:
        return None
    found = in_order(loaded.thresholds, loaded.classes, "the model's thresholds")
    return [None if np.isposinf(x) else x for x in found.tolist()]


def to_texts(description: dict[str, Any]) -> dict[str, str]:
    """Return a description as texts by name: each value as json."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in description.items()
    }


def _named(pipeline: list[dict]) -> list[tuple[str, dict]]:
    """Return each transform behind its name."""
    kinds = [step['type'] for step in pipeline]  # in new configs, classes
    names = [getattr(x, '__name__', str(x)).rpartition('.')[2] for x in kinds]
    return list(zip(names, pipeline, strict=True))


def _decoding(steps: list[tuple[str, dict]]) -> dict[str, str]:
    for name, step in steps:
        color = step.get('color_type', 'color')
        if not color.startswith('color'):
            raise ValueError(
                f"the test's {name} has color_type={color!r}; an export describes "
                'pictures in colour, and no others.'
            )
    reduced = any(name == 'LoadImageReduced' for name, _ in steps)
    return {'decoding': 'reduced' if reduced else 'whole'}


def _resize(steps: list[tuple[str, dict]]) -> dict[str, Any]:
    names = [name for name, _ in steps]
    between = [
        (name, step)
        for name, step in steps
        if not name.startswith('Load') and name not in _SILENT
    ]
    name, resize = between[0] if len(between) == 1 else ('', {})
    fits = name.endswith('Resize') and not resize.get('keep_ratio')
    if not fits or not resize.get('scale'):
        raise ValueError(
            f"the test's transforms are {', '.join(names)}; an export describes one "
            "dict(type='Resize', scale=(width, height)) without keep_ratio, and no "
            'other.'
        )
    scale, native = resize['scale'], name == 'NativeResize'
    width, height = (scale, scale) if isinstance(scale, int) else scale
    return {
        'size': [int(height), int(width)],
        'interpolation': resize.get('interpolation', 'bilinear'),
        'backend': resize.get('backend', 'pillow' if native else 'cv2'),
    }


def _pixels(preprocessor: Any) -> dict[str, Any]:
    """Return order, mean and deviation of the channels, as the graph takes them."""
    mean, std = (getattr(preprocessor, name, None) for name in ('mean', 'std'))
    rgb = preprocessor.to_rgb
    return {
        'channels': 'RGB' if rgb else 'BGR',
        'mean': [0.0] * 3 if mean is None else mean.flatten().tolist(),
        'std': [1.0] * 3 if std is None else std.flatten().tolist(),
    }
