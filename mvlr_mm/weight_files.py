"""Read files of weights, and say in one line what is wrong with one.

Nothing that a file contains is run: pickles are read with ``weights_only=True``.
"""

import hashlib
import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, BinaryIO

import torch

_AGAIN = 'copy or download it again'


def read_weights(file: str | Path | BinaryIO, map_location: Any = None) -> Any:
    """Return what ``torch.save`` or safetensors wrote, told apart by the content.

    Args:
        file: A path or an open binary file.
        map_location: As for ``torch.load``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is cut, damaged, or something else than weights.
        UnpicklingError: It contains more than data, of which nothing has run.
    """
    if isinstance(file, (str, Path)):
        with _open(file) as stream:
            return read_weights(stream, map_location)
    with _plain_faults(file):
        return _read(file, map_location)


def sha256_of(path: str | Path) -> str:
    """Return the sha256 of a file, by which it is known again."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def readable_weights(path: str | Path) -> Iterator[None]:
    """Look at a file before other code reads it, and name it in what that raises.

    For files with arrays or tensors: ``.pth``, ``.safetensors``, ``.npz``, ``.npy``.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is cut, damaged, or something else.
        UnpicklingError: It contains more than data.
    """
    with _open(path) as stream, _plain_faults(stream):
        yield


def _open(path: str | Path) -> BinaryIO:
    path = Path(path).expanduser()
    if not path.is_file():
        kind = 'is a folder' if path.is_dir() else 'does not exist'
        raise FileNotFoundError(f'{path} {kind}; give the path of a file of weights.')
    return path.open('rb')


def find_fault(stream: BinaryIO) -> str | None:
    """Say what a file is that cannot be weights, and what to do; None if it may be.

    Args:
        stream: The file, from whose start it is looked at.
    """
    start = stream.read(512)
    stub = find_stub(start)
    if stub is not None:
        return stub
    if start.startswith(b'PK\x03\x04'):
        return _fault_of_archive(stream)
    if _is_text(start):
        page = start.lstrip()[:1] == b'<'
        kind = 'a web page' if page else 'a text file'
        return f'is {kind}, not weights; {_AGAIN}, or give another path'
    return None


def find_stub(start: bytes) -> str | None:
    """Say that nothing, or a pointer, stands where any file should be; else None.

    Args:
        start: The first bytes of the file.
    """
    if not start:
        return f'is empty (0 bytes); {_AGAIN}'
    if start.startswith(b'version https://git-lfs'):
        return 'is a pointer of git-lfs, not the file itself; run `git lfs pull`'
    return None


def _fault_of_archive(stream: BinaryIO) -> str | None:
    try:
        with zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
            if any(name.endswith('/constants.pkl') for name in names):
                return (
                    'is a TorchScript archive, a program rather than weights; ask '
                    'its author for the state_dict in a .pth or .safetensors file'
                )
            damaged = archive.testzip()
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError):
        return f'is cut or damaged: its end is missing; {_AGAIN}'
    if damaged is not None:
        return f'is damaged: the checksum of {damaged} is wrong; {_AGAIN}'
    arrays = all(name.endswith('.npy') for name in names)
    if not arrays and not any(name.endswith('/data.pkl') for name in names):
        return 'is a zip archive without weights; give another path'
    return None


def _is_text(start: bytes) -> bool:
    try:
        text = start.decode('utf-8')
    except UnicodeDecodeError as error:
        if error.start < len(start) - 4:  # not a letter that the sample has cut
            return False
        text = start[: error.start].decode('utf-8')
    return all(char.isprintable() or char.isspace() for char in text)


def _read(stream: BinaryIO, map_location: Any) -> Any:
    head = stream.read(9)
    stream.seek(0)
    if head[8:] == b'{' and not head.startswith(b'PK'):
        return _read_safetensors(stream, map_location)
    return torch.load(stream, map_location=map_location, weights_only=True)


def _read_safetensors(stream: BinaryIO, map_location: Any) -> dict[str, torch.Tensor]:
    from safetensors.torch import load, load_file

    path = getattr(stream, 'name', None)
    if isinstance(path, (str, os.PathLike)):
        tensors = load_file(path)  # maps the file rather than read it
    else:
        tensors = load(stream.read())
    if map_location is None:
        return tensors
    return {name: tensor.to(map_location) for name, tensor in tensors.items()}


@contextmanager
def _plain_faults(stream: BinaryIO) -> Iterator[None]:
    """Turn what readers raise on a bad file into one line that names it."""
    file = getattr(stream, 'name', 'the file')
    fault = find_fault(stream)
    if fault is not None:
        raise ValueError(f'{file} {fault}.')
    stream.seek(0)
    try:
        yield
    except UnpicklingError as error:
        # torch's message goes on to recommend weights_only=False
        reason = re.search(r'WeightsUnpickler error:\s*(.+)', str(error))
        raise UnpicklingError(
            f'{file} is damaged or contains more than weights, numbers and text, so '
            'it was refused; nothing of it has run. '
            + (f'Reason: {reason[1].split(" by default")[0]}. ' if reason else '')
            + 'Save the `state_dict` alone where the file was made.'
        ) from None
    except OSError:
        raise
    except Exception as error:
        # every reader has its own: RuntimeError, EOFError, KeyError, struct.error,
        # SafetensorError, zlib.error ...
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        if 'weights_only' in reason or 'allow_pickle' in reason:  # bad advice
            reason = 'it holds more than plain arrays'
        raise ValueError(
            f'{file} is cut, damaged or no file of weights ({reason}); {_AGAIN}.'
        ) from error
