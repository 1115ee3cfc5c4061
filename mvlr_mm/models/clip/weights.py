"""The file of a CLIP's weights: where it is, and what it holds for a tower."""

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import open_clip
import torch
from huggingface_hub import constants
from open_clip.pretrained import download_pretrained
from safetensors import safe_open
from torch import Tensor

from ...weight_files import readable_weights
from ..hub import hub_or_cache
from .config import existing

_OF_TRAINING = 'module.'  # before every name in a checkpoint of open_clip's training


def find_weights(
    model: str | Mapping, config: dict[str, Any], pretrained: str | None
) -> Path | None:
    """Return the weights file that a tag or a path stands for, None for None.

    Args:
        model: Name in open_clip, or path or content of a json.
        config: Its config.
        pretrained: A tag of open_clip for ``model``, which it downloads, or a path.

    Raises:
        FileNotFoundError: It is neither a tag nor a file.
        OSError: The download failed.
        ValueError: The tag asks for QuickGELU, which the model does not have.
    """
    if pretrained is None:
        return None
    if not isinstance(model, str):  # tags belong to names
        return existing(pretrained, 'pretrained')
    tag = open_clip.get_pretrained_cfg(model, pretrained)
    if not tag:
        tags = open_clip.list_pretrained_tags_by_model(model)
        known = f' (open_clip has {tags} for {model!r})' if tags else ''
        return existing(pretrained, f'pretrained{known}')
    # open_clip only warns, and then runs the wrong activation
    if tag.get('quick_gelu') and not config.get('quick_gelu'):
        raise ValueError(
            f'pretrained ({pretrained!r}) needs QuickGELU, which model ({model!r}) '
            f'does not have; use {model + "-quickgelu"!r}.'
        )
    try:
        with hub_or_cache():
            return Path(download_pretrained(tag))
    except Exception as error:  # of huggingface_hub, urllib or the file system
        raise OSError(
            f'pretrained ({pretrained!r}): the weights of {model!r} are not in the '
            f'cache and could not be downloaded ({type(error).__name__}). Without a '
            'network give the path of a weights file, or fill the cache elsewhere by '
            f'`open_clip.create_model({model!r}, {pretrained!r})` and copy it to '
            f'{constants.HF_HUB_CACHE}.'
        ) from error


def read_weights(path: Path, part: str) -> dict[str, Tensor] | None:
    """Read the tensors of one tower; of a ``.safetensors`` the others stay on the disk.

    Args:
        path: A ``.safetensors`` file, or a pickle that holds nothing but tensors.
        part: ``visual`` for the image tower's; ``text`` for all others.

    Returns:
        Tensors by open_clip's names; None where the file has no name of an image
        tower of open_clip, so that it is in the format of others.

    Raises:
        ValueError, UnpicklingError: The file is damaged, or is no weights file.
    """
    with readable_weights(path):
        if path.suffix in ('.npy', '.npz'):  # of big_vision
            return None
        if path.suffix == '.safetensors':
            with safe_open(path, framework='pt') as stored:
                wanted = _names_of(stored.keys(), part)
                return wanted and {k: stored.get_tensor(k) for k in wanted}
        state = torch.load(
            path, map_location='cpu', weights_only=True, mmap=zipfile.is_zipfile(path)
        )
        state = state.get('state_dict', state)
        state = {name.removeprefix(_OF_TRAINING): v for name, v in state.items()}
    wanted = _names_of(state, part)
    return wanted and {name: state[name] for name in wanted}


def _names_of(names: Iterable[str], part: str) -> list[str] | None:
    """Return the names of a tower, None where none is of open_clip's image tower."""
    names = list(names)
    image = [name for name in names if name.startswith('visual.')]
    if not image:
        return None
    if part == 'visual':
        return image
    return [name for name in names if not name.startswith('visual.')]


def check_fit(
    wanted: dict[str, torch.Size], given: dict[str, torch.Size], path: Path, model: str
) -> None:
    """Refuse weights that are not those of the model.

    Args:
        wanted: Shapes of the model's tensors, by name.
        given: Shapes of the file's.
        path: Of the file.
        model: Name in open_clip, or path of a json.

    Raises:
        ValueError: A name is in one of them alone, or has two shapes.
    """
    faults = [f'{name} is missing' for name in wanted if name not in given]
    faults += [f'{name} is too much' for name in given if name not in wanted]
    faults += [
        f'{name} is {tuple(shape)}, not {tuple(wanted[name])}'
        for name, shape in given.items()
        if name in wanted and wanted[name] != shape
    ]
    if faults:
        raise ValueError(
            f'pretrained ({path}) does not fit model ({model}) in {len(faults)} '
            f'tensors: {"; ".join(faults[:3])}. Give the weights of this model, or the '
            'model of these weights.'
        )
