"""Build a CLIP of open_clip, or one of its towers, with its weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import open_clip
from open_clip.model import (
    _build_text_tower,
    _build_vision_tower,
    convert_to_custom_text_state_dict,
    resize_pos_embed,
    resize_text_pos_embed,
)
from torch import Tensor, nn

from .config import read_clip_config
from .weights import check_fit, find_weights, read_weights

_PARTS = {
    'visual': (_build_vision_tower, 'vision_cfg'),
    'text': (_build_text_tower, 'text_cfg'),
}


def load_visual(
    model: str | Mapping[str, Any], pretrained: str | None = None
) -> nn.Module:
    """Build the image tower of a CLIP in float32 on the CPU, and nothing else.

    Args:
        model: A name that open_clip knows (``RN101-quickgelu``), the path of a json
            config in open_clip's format (it ends with ``.json``), or what such a config
            holds.
        pretrained: A tag that open_clip knows for ``model`` (``openai``; downloaded
            by open_clip at this call), the path of a weights file (``.safetensors``,
            or a pickle that holds nothing but tensors), or None for random weights.

    Returns:
        open_clip's ``ModifiedResNet``, ``VisionTransformer`` or ``TimmModel``.

    Raises:
        FileNotFoundError: A path does not exist.
        OSError: The weights could not be downloaded.
        ValueError: A name is unknown, the json is no open_clip config, the file holds
            no weights or not those of ``model``, or the weights ask for an activation
            that ``model`` does not have.
    """
    return _load_tower(model, pretrained, 'visual')


def load_text(
    model: str | Mapping[str, Any], pretrained: str | None = None
) -> nn.Module:
    """Build the text tower of a CLIP in float32 on the CPU, and nothing else.

    Arguments and errors are those of :func:`load_visual`.

    Returns:
        open_clip's ``TextTransformer``, or its ``HFTextEncoder``. Its ``trained_scale``
        is the factor of the cosines that the CLIP was trained with, about 100 for
        OpenAI's; None for random weights.
    """
    return _load_tower(model, pretrained, 'text')


def load_clip(
    model: str | Mapping[str, Any], pretrained: str | None = None
) -> nn.Module:
    """Build a whole CLIP in float32 on the CPU.

    Arguments and errors are those of :func:`load_visual`.

    Returns:
        open_clip's ``CLIP``, ``CustomTextCLIP`` or ``CoCa``.
    """
    config = read_clip_config(model)
    return _load_whole(config, find_weights(model, config, pretrained))


def _load_tower(
    model: str | Mapping[str, Any], pretrained: str | None, part: str
) -> nn.Module:
    config = read_clip_config(model)
    path = find_weights(model, config, pretrained)
    state = None
    if path is not None:
        state = read_weights(path, part)
        if state is None:  # others' formats, which open_clip converts as a whole
            whole = _load_whole(config, path)
            return _with_scale(getattr(whole, part), whole.logit_scale)
        _build_without_download(config)
    # a patch has its place in the map: none is dropped in training
    config['vision_cfg']['patch_dropout'] = 0.0
    build, key = _PARTS[part]
    quick_gelu = config.get('quick_gelu', False)
    try:
        tower = build(config['embed_dim'], config[key], quick_gelu)
    except TypeError as error:  # an argument that open_clip does not have
        raise ValueError(f'model ({model}): its {key} is wrong: {error}.') from error
    if state is not None:
        _fill(tower, part, state, path, model)
    return _with_scale(tower, (state or {}).get('logit_scale'))


def _with_scale(tower: nn.Module, logarithm: Tensor | None) -> nn.Module:
    """Note at a tower what its CLIP's cosines were multiplied by in training."""
    tower.trained_scale = None if logarithm is None else logarithm.float().exp().item()
    return tower


def _fill(
    tower: nn.Module, part: str, state: dict[str, Tensor], path: Path, model: str
) -> None:
    """Load a tower's tensors, which must be those of the model."""
    half = nn.Module()  # where open_clip's functions look for a tower
    half.add_module(part, tower)
    if part == 'visual':
        resize_pos_embed(state, half)
    else:
        state = convert_to_custom_text_state_dict(state)
        resize_text_pos_embed(state, half)
    own = {name: v for name, v in state.items() if name.startswith(f'{part}.')}
    shapes = {name: value.shape for name, value in half.state_dict().items()}
    check_fit(shapes, {name: v.shape for name, v in own.items()}, path, model)
    half.load_state_dict(own)


def _load_whole(config: dict[str, Any], path: Path | None) -> nn.Module:
    custom = config.pop('custom_text', False) or 'hf_model_name' in config['text_cfg']
    kind = open_clip.CustomTextCLIP if custom else open_clip.CLIP
    if 'multimodal_cfg' in config:
        kind = open_clip.CoCa
    if path is not None:
        _build_without_download(config)
    clip = kind(**config)
    if path is not None:
        open_clip.load_checkpoint(clip, str(path))
    return clip


def _build_without_download(config: dict[str, Any]) -> None:
    """Let neither timm nor transformers load weights that the file replaces."""
    config['vision_cfg']['timm_model_pretrained'] = False
    config['text_cfg']['hf_model_pretrained'] = False
