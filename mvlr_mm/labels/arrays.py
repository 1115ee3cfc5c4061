"""Files of arrays whose rows belong to labels: npz and safetensors, never pickles."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mvlr_stack.outputs import whole_file

from ..near_names import nearest_names
from ..weight_files import readable_weights
from .known import readable

#: Endings of such files.
ENDINGS = ('.npz', '.safetensors')


class NamedArrays(NamedTuple):
    """What a file holds."""

    names: list[str] | None  # of the rows, where the file says them
    arrays: dict[str, np.ndarray]


def read_named_arrays(file: str | Path) -> NamedArrays:
    """Read all arrays of a file.

    ``.npz``: the array ``names`` names the rows of the others. ``.safetensors``: the
    metadata's ``names`` does, a json list. Nothing is unpickled.

    Args:
        file: Path of the file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The ending is another, or the file is damaged or something else.
    """
    file = Path(file)
    _check_ending(file)
    if not file.is_file():
        raise FileNotFoundError(f'file ({file}) does not exist.')
    if file.suffix == '.npz':
        with readable_weights(file), np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        names = arrays.pop('names', None)
        if names is not None and (names.dtype.kind != 'U' or names.ndim != 1):
            raise ValueError(
                f'file ({file}): its names must be a row of texts, not {names.dtype} '
                f'{names.shape}; write them as np.array of str.'
            )
        return NamedArrays(None if names is None else names.tolist(), arrays)
    from safetensors import safe_open

    with readable_weights(file), safe_open(file, framework='pt') as stored:
        text = (stored.metadata() or {}).get('names')
        tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    # numpy has no bfloat16
    arrays = {
        name: (tensor.float() if tensor.is_floating_point() else tensor).numpy()
        for name, tensor in tensors.items()
    }
    return NamedArrays(_names(text, file) if text else None, arrays)


def write_named_arrays(
    file: str | Path, names: Sequence[str], arrays: Mapping[str, np.ndarray]
) -> None:
    """Write arrays and the names of their rows, whole or not at all.

    Args:
        file: Path that ends with one of :data:`ENDINGS`.
        names: Of the rows.
        arrays: By name; none is called ``names``.

    Raises:
        ValueError: The ending is another.
    """
    file = Path(file)
    _check_ending(file)
    with whole_file(file) as draft:
        if file.suffix == '.npz':
            np.savez(draft, names=np.array(names), **arrays)
        else:
            from safetensors.numpy import save_file

            whole = {name: np.ascontiguousarray(a) for name, a in arrays.items()}
            save_file(whole, draft, {'names': json.dumps(list(names))})


def rows_of(
    names: Sequence[str], wanted: Sequence[str], file: str | Path, what: str
) -> list[int]:
    """Return the row of each wanted label among the names of a file.

    Files about VOC may name the rows as VOC does: ``diningtable``.

    Args:
        names: Of the rows.
        wanted: Label names.
        file: Of the arrays, for the message.
        what: The file should have of a label, such as ``vector``, for the message.

    Raises:
        ValueError: A label is not there, or there twice.
    """
    row_of = {
        name: row
        for forms in (readable(names), names)
        for row, name in enumerate(forms)
    }
    twice = {name for name, count in Counter(names).items() if count > 1}
    for label in wanted:
        if label in twice:
            raise ValueError(
                f'file ({file}) has a {what} for the label {label!r} twice; take one '
                'out, or rename it.'
            )
        if label not in row_of:
            close = nearest_names(label, names, cutoff=0.6)
            hint = f'; close to it: {close}' if close else ''
            raise ValueError(
                f'file ({file}) has no {what} for the label {label!r}{hint}. Rename '
                f'the label or add its {what}.'
            )
    return [row_of[label] for label in wanted]


def _names(text: str, file: Path) -> list[str]:
    try:
        names = json.loads(text)
    except (RecursionError, ValueError) as error:
        raise ValueError(f'file ({file}): its names are no json: {error}.') from error
    if not isinstance(names, list) or not all(isinstance(x, str) for x in names):
        raise ValueError(f'file ({file}): its names must be a json list of texts.')
    return names


def _check_ending(file: Path) -> None:
    if file.suffix not in ENDINGS:
        raise ValueError(f'file ({file}) must end with one of {", ".join(ENDINGS)}.')
