"""Which CLIP a project trains with, and what its config says for that."""

import json
from pathlib import Path
from typing import NamedTuple

import torch

from ..models.backbones.towers import make_tower
from ..models.clip import load_visual
from ..models.clip.config import read_clip_config

NAMES = ('rn101', 'vitb16', 'small')
_WEIGHTS = ('.safetensors', '.pt', '.pth', '.bin')
_KNOWN = {'mobilenetv2_100': None}  # trunks whose stages the base config knows
_TRAIN = 4 / 11  # of the stages of another small trunk

_SMALL = """
# The image tower stays as CLIP made it: a machine without a GPU can train the rest.
# With frozen_stages=11 the last two of its twelve blocks train, too.
model = dict(
    clip=dict(model='ViT-B-32-quickgelu'),
    backbone=dict(frozen_stages=-1),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=10)
"""


class Recipe(NamedTuple):
    """A base config and what a project adds to it."""

    what: str
    base: str
    lines: str = ''


def choose_backbone(name: str | None) -> Recipe:
    """Return the recipe of a CLIP.

    Args:
        name: One of :data:`NAMES`; the path of a CLIP in open_clip's format (its json,
            its weights, both without their endings, or their folder); None takes
            ``rn101`` with a GPU and ``small`` without.

    Raises:
        FileNotFoundError: The path leads to no json, or no weights.
        ValueError: The name is unknown, or the files are not one CLIP.
    """
    gpu = torch.cuda.is_available()
    why = '' if name else f', since there is {"a" if gpu else "no"} GPU here'
    name = name or ('rn101' if gpu else 'small')
    if name == 'rn101':
        return Recipe(f'rn101: CLIP ResNet-101{why}', 'mvlr_custom.py')
    if name == 'vitb16':
        lines = "\nmodel = dict(clip=dict(model='ViT-B-16-quickgelu'))\n"
        return Recipe('vitb16: CLIP ViT-B/16', 'mvlr_custom.py', lines)
    if name == 'small':
        return Recipe(f'small: CLIP ViT-B/32{why}', 'mvlr_custom.py', _SMALL)
    return _from_path(Path(name).expanduser().absolute())


def _from_path(path: Path) -> Recipe:
    config, weights = _files(path)
    vision = read_clip_config(str(config))['vision_cfg']
    lines = (
        '\nmodel = dict(\n'
        f'    clip=dict(\n        model={str(config)!r},\n'
        f'        pretrained={str(weights)!r},\n    ),\n'
    )
    base = 'mvlr_custom.py'
    if 'timm_model_name' in vision:
        base = 'mvlr_custom_small-clip.py'
        if vision['timm_model_name'] not in _KNOWN:
            stages = len(make_tower(load_visual(str(config)), None).stages())
            frozen = round(stages * (1 - _TRAIN))
            lines += f'    backbone=dict(frozen_stages={frozen}),  # of {stages}\n'
    lines += ')\n' + _normalisation(config)
    return Recipe(f'{config} with {weights.name}', base, lines)


def _normalisation(config: Path) -> str:
    """Return what the json says about pixels, where it does."""
    content = json.loads(config.read_text(encoding='utf-8'))
    said = content.get('preprocess_cfg') or {}
    if 'mean' not in said or 'std' not in said:
        return ''
    mean, std = ([255 * value for value in said[key]] for key in ('mean', 'std'))
    return f'data_preprocessor = dict(mean={mean}, std={std})\n'


def _files(path: Path) -> tuple[Path, Path]:
    """Return the json and the weights of a CLIP."""
    whole = path.with_name(f'{path.name}.json')
    if not path.exists() and whole.is_file():
        path = whole  # MVLR_CLIP names both files without their endings, too
    if not path.exists():
        raise FileNotFoundError(
            f'--backbone {path}: neither one of {", ".join(NAMES)} nor a path.'
        )
    if path.is_file() and path.suffix not in ('.json', *_WEIGHTS):
        raise ValueError(f'--backbone {path} is neither a json file nor weights.')
    folder = path if path.is_dir() else path.parent
    there = sorted(folder.iterdir())
    found = []
    for what, suffixes in (('json', ('.json',)), ('weights', _WEIGHTS)):
        files = [file for file in there if file.suffix in suffixes]
        same = [file for file in files if file.stem == path.stem]
        chosen = [path] if path.suffix in suffixes else same or files
        if len(chosen) != 1:
            names = ', '.join(file.name for file in chosen) or 'none'
            raise ValueError(
                f'--backbone {path}: needs one file of {what} beside the other; there '
                f'is {names} in {folder}.'
            )
        found += chosen
    return found[0], found[1]
