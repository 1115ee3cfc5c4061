"""Load a CLIP of open_clip by name, or from its own json config and weights."""

import json
from pathlib import Path

import open_clip
from open_clip.factory import load_checkpoint
from torch import nn


def load_clip(model: str, pretrained: str | None = None) -> nn.Module:
    """Build an open_clip model in float32 on the CPU.

    Args:
        model: A name that open_clip knows (``RN101-quickgelu``), or the path of a
            json config in open_clip's format (it ends with ``.json``).
        pretrained: A tag that open_clip knows for ``model`` (``openai``; downloaded
            by open_clip at this call), the path of a weights file (``.safetensors``,
            or a pickle that holds nothing but tensors), or None for random weights.

    Returns:
        open_clip's ``CLIP`` or ``CustomTextCLIP``.

    Raises:
        FileNotFoundError: A path does not exist.
        ValueError: A name or tag is unknown, the json is no open_clip config, or
            OpenAI's weights are asked for without the activation they need.
    """
    if model.endswith('.json'):
        clip = _from_json(Path(model))
        if pretrained is not None:
            load_checkpoint(clip, str(_existing(pretrained, 'pretrained')))
        return clip
    if model not in open_clip.list_models():
        raise ValueError(
            f'model ({model!r}) is neither a json file nor a name of open_clip; '
            'open_clip.list_models() prints the names.'
        )
    if pretrained is None:
        return open_clip.create_model(model, load_weights=False)
    tags = open_clip.list_pretrained_tags_by_model(model)
    if pretrained not in tags:
        _existing(pretrained, f'pretrained (open_clip has {tags} for {model!r})')
    # open_clip only warns, and then runs the wrong activation
    if pretrained == 'openai' and not _is_quick_gelu(model):
        raise ValueError(
            f"pretrained ('openai') needs QuickGELU, which model ({model!r}) does not "
            f'have; use {model + "-quickgelu"!r}.'
        )
    return open_clip.create_model(model, pretrained=pretrained)


def _is_quick_gelu(model: str) -> bool:
    return bool(open_clip.get_model_config(model).get('quick_gelu'))


def _existing(path: str, argument: str) -> Path:
    if not Path(path).is_file():
        raise FileNotFoundError(f'{argument}: no file at {path!r}.')
    return Path(path)


def _from_json(path: Path) -> nn.Module:
    text = _existing(str(path), 'model').read_text(encoding='utf-8')
    try:
        config = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f'model ({path}) is not valid json: {error}.') from error
    config = config.get('model_cfg', config)
    missing = [k for k in ('embed_dim', 'vision_cfg', 'text_cfg') if k not in config]
    if missing:
        raise ValueError(
            f'model ({path}) is no open_clip config: it lacks {", ".join(missing)}.'
        )
    custom = config.pop('custom_text', False) or 'hf_model_name' in config['text_cfg']
    return (open_clip.CustomTextCLIP if custom else open_clip.CLIP)(**config)
