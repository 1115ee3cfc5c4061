"""One trunk for all rows, taken from a config."""

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from mvlr_mm.config import read_config

# What a trunk brings: itself, its pixels, its rates, and what of it stays as it is.
BROUGHT = (
    'data_preprocessor',
    'model.backbone',
    'optim_wrapper.paramwise_cfg',
    'custom_hooks',
)


def trunk_overrides(path: str) -> dict[str, Any]:
    """Return what puts every row on the trunk of a config, by dotted key.

    Args:
        path: Of the config; what it says beside :data:`BROUGHT` plays no part.

    Raises:
        ValueError: The config lacks something of that.
    """
    cfg = read_config(path).to_dict()
    overrides = {}
    for key in BROUGHT:
        value: Any = cfg
        for name in key.split('.'):
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is None:
            raise ValueError(f'--trunk {path}: the config has no {key}.')
        if isinstance(value, Mapping):
            value = {'_delete_': True, **value}
        overrides[key] = value
    return overrides


def frozen_part(cfg: Config) -> str:
    """Return the part of a model that features stand for, by its name.

    The linear map behind a trunk of ``DenseBackbone`` is no part of what was
    pretrained: it trains.
    """
    dense = cfg.model.backbone.get('type') == 'DenseBackbone'
    return 'backbone.trunk' if dense else 'backbone'


def refuse_training_free(name: str) -> None:
    """Stop at a system without training.

    Raises:
        ValueError: Always.
    """
    raise ValueError(
        f'--trunk: {name} trains nothing and compares patches with texts, which only '
        "CLIP's own trunk has brought together; leave it out."
    )
