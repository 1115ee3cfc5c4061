"""Checkpoints: loaded as data alone and only where they fit, written whole.

A checkpoint is a pickle, and a pickle can run any code. ``torch.load`` with
``weights_only=True`` admits tensors and plain containers alone, which leaves out two
things that mmengine stores: the log history and numpy values. They are made known here.

Importing this module also changes mmengine's loading and saving, for the process:

- It reads files the safe way. mmengine 0.10.7 leaves the choice to an environment
  variable, and onedl-mmengine loads a file that torch has refused once more with
  ``weights_only=False``.
- It does not run the text of a config that a checkpoint brings, which
  ``Runner.resume`` would: admitted as data, that text can be any code.
- A model with a part of this package takes a whole checkpoint or none. mmengine only
  warns of weights that are missing or left over.
- A file on this disk is written whole or not at all, so that a kill while one is
  written leaves no half of it, which a run could not go on from.
"""

import os.path as osp
from collections.abc import Callable, Collection
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from urllib.parse import urlparse

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader, checkpoint, runner
from torch import nn

from mvlr_stack.outputs import whole_file

from ..weight_files import read_weights
from .fit_weights import fit_checkpoint, fit_weights, unwrap

# numpy 2 renamed the module, and a file keeps the name of the numpy that wrote it.
_NUMPY_MODULES = ('numpy.core.multiarray', 'numpy._core.multiarray')
_DTYPES = '?bhilqBHILQefd'


def _history_method(owner: type, name: str) -> Callable:
    """Stand in for the ``getattr`` by which a log history names its statistics.

    The real one would let a file reach any attribute of any admitted class.
    """
    if owner is not HistoryBuffer or name.startswith('_'):
        raise UnpicklingError(f'getattr({owner!r}, {name!r}) is not allowed here')
    return getattr(HistoryBuffer, name)


def _safe_globals() -> list:
    rebuild = np.array(0).__reduce__()[0]
    scalar = np.float64(0).__reduce__()[0]
    return [
        HistoryBuffer,
        np.ndarray,
        np.dtype,
        (_history_method, 'builtins.getattr'),
        *[(rebuild, f'{module}._reconstruct') for module in _NUMPY_MODULES],
        *[(scalar, f'{module}.scalar') for module in _NUMPY_MODULES],
        *{type(np.dtype(code)) for code in _DTYPES},
    ]


def load_weights(
    file: Any,
    map_location: Any = None,
    into: nn.Module | None = None,
    allow: Collection[str] = (),
) -> Any:
    """Load a file of weights, admitting data only.

    Args:
        file: A path or an open binary file, of ``torch.save`` or safetensors.
        map_location: As for ``torch.load``.
        into: A model that takes the weights, all or none.
        allow: What may differ between file and model; see
            :func:`mvlr_mm.engine.fit_weights.fit_weights`.

    Returns:
        What the file contains.

    Raises:
        FileNotFoundError: There is no such file.
        UnpicklingError: The file contains something else, which has not run.
        ValueError: It is cut, damaged or no weights; or they do not fit the model.
    """
    found = read_weights(file, map_location)
    if into is not None:
        fit_checkpoint(into, found, allow, str(getattr(file, 'name', file)))
        unwrap(into).load_state_dict(found['state_dict'])
    return found


def load_from_local(filename: str, map_location: Any = None) -> Any:
    """Load a checkpoint from disk, for mmengine's ``CheckpointLoader``.

    Args:
        filename: The path.
        map_location: As for ``torch.load``.

    Raises:
        FileNotFoundError: There is no such file.
        UnpicklingError, ValueError: As for :func:`load_weights`.
    """
    return read_weights(filename, map_location)


def _load_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    **kwargs: object,
) -> Any:
    """Download a file once, to where torch.hub would, and read it."""
    folder = Path(model_dir or osp.join(torch.hub.get_dir(), 'checkpoints'))
    path = folder / Path(urlparse(url).path).name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), progress=progress)
    return read_weights(path, map_location)


_load_checkpoint = CheckpointLoader.load_checkpoint
_load_state_dict = checkpoint.load_state_dict
_load_to_model = checkpoint._load_checkpoint_to_model
_save = checkpoint.save_checkpoint


def _load_without_code(
    filename: str, map_location: Any = None, logger: Any = 'current'
) -> Any:
    """Load as mmengine does, by whatever scheme; leave out what it would run."""
    found = _load_checkpoint(filename, map_location, logger)
    meta = found.get('meta') if isinstance(found, dict) else None
    if isinstance(meta, dict):
        meta.pop('config', None)  # mmengine itself writes `cfg`, which no runner runs
    return found


def _has_our_parts(model: nn.Module) -> bool:
    return any(type(m).__module__.startswith('mvlr_mm.') for m in model.modules())


def _fit_state_dict(
    module: nn.Module, state_dict: dict, strict: bool = False, logger: Any = None
) -> None:
    """Load as mmengine does; all or nothing where parts of this package are."""
    if _has_our_parts(module) and not strict:
        state_dict = fit_weights(module, state_dict)
    _load_state_dict(module, state_dict, strict, logger)


def _fit_to_model(model: nn.Module, found: Any, *args: Any, **kwargs: Any) -> Any:
    """Load as mmengine does; the labels in ``meta`` become those of the model."""
    if _has_our_parts(model):
        fit_checkpoint(model, found)
    return _load_to_model(model, found, *args, **kwargs)


def _save_whole(
    found: Any,
    filename: str,
    file_client_args: dict | None = None,
    backend_args: dict | None = None,
) -> None:
    """Save as mmengine does; on this disk under another name until it is whole."""
    if '://' in filename or file_client_args or backend_args:
        _save(found, filename, file_client_args, backend_args)
        return
    with whole_file(filename) as draft:
        _save(found, str(draft))


torch.serialization.add_safe_globals(_safe_globals())
# The empty prefix is mmengine's scheme for paths on disk.
CheckpointLoader.register_scheme('', load_from_local, force=True)
CheckpointLoader.load_checkpoint = staticmethod(_load_without_code)
# Addresses go through `load_url`, whose default is the unsafe way; all other schemes
# (s3 and so on) use onedl's function with the second attempt, which 0.10.7 lacks.
checkpoint.load_url = _load_url
if hasattr(checkpoint, '_safe_torch_load'):
    checkpoint._safe_torch_load = read_weights
checkpoint.load_state_dict = _fit_state_dict
checkpoint._load_checkpoint_to_model = _fit_to_model
checkpoint.save_checkpoint = runner.save_checkpoint = _save_whole
