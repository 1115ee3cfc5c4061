"""What open_clip says about a CLIP, by name or in a json file."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import open_clip


def read_clip_config(model: str | Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of open_clip's config: ``embed_dim``, ``vision_cfg``, ``text_cfg``.

    Args:
        model: A name that open_clip knows (``RN101-quickgelu``), the path of a json
            config in open_clip's format (it ends with ``.json``), or what such a config
            holds.

    Raises:
        FileNotFoundError: The json does not exist.
        ValueError: The name is unknown, or the json is no open_clip config.
    """
    if isinstance(model, Mapping):
        return _checked(copy.deepcopy(dict(model)), 'model')
    if model.endswith('.json'):
        return _from_json(model)
    if model not in open_clip.list_models():
        raise ValueError(
            f'model ({model!r}) is neither a json file nor a name of open_clip; '
            'open_clip.list_models() prints the names.'
        )
    return copy.deepcopy(open_clip.get_model_config(model))


def existing(path: str, argument: str) -> Path:
    """Return a path that leads to a file.

    Raises:
        FileNotFoundError: It does not; the message names ``argument``.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'{argument}: no file at {path!r}.')
    return Path(path)


def _from_json(path: str) -> dict[str, Any]:
    try:
        config = json.loads(existing(path, 'model').read_text(encoding='utf-8'))
    except ValueError as error:  # no json, or no text at all
        raise ValueError(f'model ({path}) is not valid json: {error}.') from error
    return _checked(config, f'model ({path})')


def _checked(config: Any, source: str) -> dict[str, Any]:
    config = config.get('model_cfg', config) if isinstance(config, dict) else {}
    missing = [k for k in ('embed_dim', 'vision_cfg', 'text_cfg') if k not in config]
    if missing:
        raise ValueError(
            f'{source} is no open_clip config: it lacks {", ".join(missing)}.'
        )
    return config
