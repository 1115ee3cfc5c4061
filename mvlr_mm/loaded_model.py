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
    """A model in eval mode, and what goes with it.

    Raises:
        ValueError: As for :meth:`check_labels`.
    """

    model: nn.Module
    classes: tuple[str, ...]  # in the order of the scores
    pipeline: list[dict]  # configs of the transforms, as in the test
    thresholds: dict[str, float] | None  # by label, where they are stored
    config: Config
    checkpoint: Path | None = None
    name_scale: NameScale | None = None  # for labels that were never trained

    def __post_init__(self) -> None:
        self.check_labels()

    def check_labels(self) -> None:
        """Compare the labels with those that the model has by now.

        Raises:
            ValueError: They are others, or in another order, as after ``set_classes``.
        """
        own, given = own_names(self.model), tuple(self.classes)
        if own is None or own == given:
            return
        pairs = enumerate(zip(own, given, strict=False))
        i = next((i for i, (a, b) in pairs if a != b), None)
        first = '' if i is None else f'; label {i} is {given[i]!r} and {own[i]!r}'
        raise ValueError(
            f'classes name {len(given)} labels, and the model recognises {len(own)}, '
            f'others or in another order{first}. After `set_classes` of the model: '
            'dataclasses.replace(loaded, classes=loaded.model.neck.classes, '
            'thresholds=None, name_scale=None).'
        )


def own_names(model: nn.Module) -> tuple[str, ...] | None:
    """Return the label names that a model has by itself; None where it has none."""
    for module in model.modules():
        names = getattr(module, 'classes', None)
        if isinstance(names, (list, tuple)) and names:
            return tuple(names)
    return None


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
