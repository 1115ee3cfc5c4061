"""A model that is ready to use, wherever it came from."""

from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS
from torch import nn

from .labels.scale import NameScale


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model in eval mode, and what goes with it."""

    model: nn.Module
    classes: tuple[str, ...]  # in the order of the scores
    pipeline: list[dict]  # configs of the transforms, as in the test
    thresholds: dict[str, float] | None  # by label, where they are stored
    config: Config
    checkpoint: Path | None = None
    name_scale: NameScale | None = None  # for labels that were never trained


def build_model(cfg: Config) -> nn.Module:
    """Build the model of a config as a runner does, in eval mode.

    Args:
        cfg: With ``model``, and ``data_preprocessor`` where that has none of its own.
    """
    settings = cfg.model.to_dict()
    if settings.get('data_preprocessor') is None:
        settings['data_preprocessor'] = cfg.get('data_preprocessor')
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmpretrain')):
        return MODELS.build(settings).eval()
