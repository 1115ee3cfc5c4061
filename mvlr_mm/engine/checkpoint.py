"""Load checkpoints without running what they contain.

A checkpoint is a pickle, and a pickle can run any code. ``torch.load`` with
``weights_only=True`` admits tensors and plain containers alone, which leaves out two
things that mmengine stores: the log history and numpy values. They are made known here.

Importing this module also puts the safe way into mmengine's loader, for the process.
mmengine 0.10.7 leaves the choice to an environment variable, and onedl-mmengine loads a
file that torch has refused once more with ``weights_only=False``.
"""

import functools
import os.path as osp
import re
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader, checkpoint

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


def load_weights(file: Any, map_location: Any = None) -> Any:
    """Load a file that ``torch.save`` wrote, admitting data only.

    Args:
        file: A path or an open binary file.
        map_location: As for ``torch.load``.

    Raises:
        UnpicklingError: The file contains something else, which has not run.
    """
    try:
        return torch.load(file, map_location=map_location, weights_only=True)
    except UnpicklingError as error:
        # torch's message goes on to recommend weights_only=False
        reason = re.search(r'WeightsUnpickler error:\s*(.+)', str(error))
        raise UnpicklingError(
            f'{file} is damaged or contains more than weights, numbers and text, so '
            'it was refused; nothing of it has run. '
            + (f'Reason: {reason[1].split(" by default")[0]}. ' if reason else '')
            + 'Save the `state_dict` alone where the file was made.'
        ) from None


def load_from_local(filename: str, map_location: Any = None) -> Any:
    """Load a checkpoint from disk, for mmengine's ``CheckpointLoader``.

    Args:
        filename: The path.
        map_location: As for ``torch.load``.

    Raises:
        FileNotFoundError: There is no such file.
        UnpicklingError: As for :func:`load_weights`.
    """
    filename = osp.expanduser(filename)
    if not osp.isfile(filename):
        raise FileNotFoundError(f'The checkpoint {filename} does not exist.')
    return load_weights(filename, map_location)


torch.serialization.add_safe_globals(_safe_globals())
# The empty prefix is mmengine's scheme for paths on disk.
CheckpointLoader.register_scheme('', load_from_local, force=True)
# Addresses go through `load_url`, whose default is the unsafe way; all other schemes
# (s3 and so on) use onedl's function with the second attempt, which 0.10.7 lacks.
checkpoint.load_url = functools.partial(checkpoint.load_url, weights_only=True)
if hasattr(checkpoint, '_safe_torch_load'):
    checkpoint._safe_torch_load = load_weights
