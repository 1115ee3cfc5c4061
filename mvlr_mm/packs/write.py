"""Writing a pack from a trained model."""

import json
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from mmengine.registry import DefaultScope
from mmpretrain.registry import METRICS
from safetensors.torch import save
from torch import Tensor

from ..evaluation import MultiLabelProtocol
from ..loaded_model import LoadedModel
from .about import About
from .allowed import shortened
from .files import ABOUT, NAMES, WEIGHTS, move_files, refuse_strangers, write_files
from .pack import Pack, build, read_pack
from .settings import (
    has_text_tower,
    model_settings,
    pipeline_settings,
    quick_gelu,
    templates,
)

_MOST = sys.float_info.max


def write_pack(
    folder: str | Path,
    loaded: LoadedModel,
    with_text: bool = True,
    with_onnx: bool = False,
    thresholds: Mapping[str, float] | None = None,
    temperatures: Mapping[str, float] | None = None,
    protocol: Mapping[str, Any] | None = None,
    metrics: Mapping[str, float | None] | None = None,
    licence: str | None = None,
) -> Pack:
    """Write a model as a pack, read it again, and compare the two.

    Args:
        folder: It is made; files of an earlier pack in it are replaced.
        loaded: The model, on the CPU. Its scale of new names goes with the text tower.
        with_text: Whether its text tower goes with it. Without, the pack is smaller and
            knows its own labels alone.
        with_onnx: Whether the files go with it that imgutils' multi-label reader loads;
            see :mod:`mvlr_mm.packs.onnx_files`.
        thresholds: By label; None takes those of ``loaded``.
        temperatures: By label.
        protocol: Fields of a :class:`mvlr_mm.evaluation.protocols.Protocol`; None takes
            that of the config.
        metrics: Numbers by name.
        licence: Of the weights.

    Returns:
        The pack as it was read again.

    Raises:
        ImportError: ``with_onnx`` and a package of the extra ``export`` is missing.
        OSError: The folder cannot be written to, or has a file of something else.
        ValueError: The folder holds other things than a pack, the model has a part
            that a pack may not hold, or what is given is not for its labels.
    """
    folder = Path(os.path.realpath(Path(folder).expanduser()))
    refuse_strangers(folder)
    with_text = with_text and has_text_tower(loaded.model)
    model, weights = model_settings(loaded, with_text)
    thresholds = thresholds or loaded.thresholds
    about = About(
        classes=list(loaded.classes),
        model=model,
        pipeline=pipeline_settings(loaded),
        text=with_text,
        templates=templates(loaded.model),
        quick_gelu=quick_gelu(model),
        thresholds=thresholds
        and {k: None if x == math.inf else float(x) for k, x in thresholds.items()},
        temperatures=None if temperatures is None else dict(temperatures),
        protocol=_protocol(loaded) if protocol is None else dict(protocol),
        metrics=None if metrics is None else dict(metrics),
        licence=licence,
    )
    tensors = {k: w.detach().cpu().contiguous().clone() for k, w in weights.items()}
    contents = {ABOUT: about.to_json(), WEIGHTS: save(tensors)}
    if with_text and loaded.name_scale is not None:
        contents[NAMES] = loaded.name_scale.to_bytes()
    if with_onnx:
        from .onnx_files import onnx_files

        contents |= onnx_files(loaded, thresholds)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # on the same disk: a folder that is there may be the root of one
    beside = folder if folder.is_dir() else folder.parent
    with TemporaryDirectory(prefix=f'.{folder.name}.', dir=beside) as draft:
        write_files(draft, contents)
        _compare(build(read_pack(draft)).state_dict(), tensors)
        move_files(Path(draft), folder)
    return read_pack(folder)


def read_numbers(path: str | Path) -> tuple[dict[str, float | None], dict | None]:
    """Return the numbers of a file of `mvlr test` or `mvlr eval`, and their protocol.

    Args:
        path: Json of ``mvlr eval --json``, or of ``mvlr test --out-item metrics``,
            which names no protocol.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It holds no numbers, or its protocol is none.
    """
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8-sig'))
    except FileNotFoundError:
        raise FileNotFoundError(f'metrics ({path}): no such file.') from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f'metrics ({path}) is no json: {error}.') from error
    content = content if isinstance(content, dict) else {}
    found = content.get('numbers', content)
    numbers = {
        name: x if x is not None and abs(x) <= _MOST else None
        for name, x in (found.items() if isinstance(found, dict) else ())
        if x is None or (isinstance(x, (int, float)) and not isinstance(x, bool))
    }
    if not numbers:
        raise ValueError(
            f'metrics ({path}) holds no numbers by name, as `mvlr eval --json` and '
            '`mvlr test --out-item metrics --out FILE.json` write them.'
        )
    protocol = content.get('protocol')
    if protocol is not None and not isinstance(protocol, dict):
        raise ValueError(
            f'metrics ({path}): its protocol ({shortened(protocol)}) must be fields '
            'by name, as `mvlr eval --json` writes them.'
        )
    return numbers, protocol


def _compare(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> None:
    """Compare what a model has with what it was given, to the bit."""
    for name, weight in given.items():
        two = (own[name].contiguous(), weight)
        as_bytes = (x.reshape(-1).view(torch.uint8) for x in two)
        if own[name].dtype != weight.dtype or not torch.equal(*as_bytes):
            raise ValueError(
                f'{name} is another in the model that the pack builds; the model '
                'cannot be packed.'
            )


def _protocol(loaded: LoadedModel) -> dict[str, Any] | None:
    """Return the fields of the protocol that the config's test has first, if any."""
    metrics = loaded.config.get('test_evaluator') or []
    for config in metrics if isinstance(metrics, list) else [metrics]:
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            kind = config['type']
            kind = METRICS.get(kind) if isinstance(kind, str) else kind
            if kind is MultiLabelProtocol:
                return asdict(METRICS.build(config.to_dict()).protocol)
    return None
