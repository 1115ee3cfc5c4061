"""Named stages, one after the other."""

from collections.abc import Mapping, Sequence

from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import nn

from ...near_names import nearest_names
from ...structures import VLFeatures, describe_missing

PLACES = ('dense', 'prompt', 'fusion', 'interaction')


@MODELS.register_module()
class NeckSequence(BaseModule):
    """Apply named stages in config order: ``prompt=..., fusion=..., interaction=...``.

    Names rather than a list, so that a child config changes one stage
    (``neck=dict(fusion=dict(alpha=0.4))``), drops one (``fusion=None``) or replaces
    one (``interaction=dict(_delete_=True, type='SelfAttentionInteraction', ...)``),
    and so that ``paramwise_cfg`` keys read well.

    mmengine writes a config with all names in the order of the alphabet, as the one in
    a work dir. Where such an order cannot work, and the names are of :data:`PLACES`,
    the stages take their usual places.

    Args:
        init_cfg: As in mmengine.
        **stages: Config of each stage; or None for no such stage, of :data:`PLACES`.

    Raises:
        ValueError: No stage is left, a name is taken by the module itself, one that is
            None is none of the places, or a stage needs what no stage before it gives
            (by the attributes ``requires`` and ``provides`` of the stages, names of
            fields of ``VLFeatures``).
    """

    def __init__(self, init_cfg: dict | None = None, **stages: dict | None) -> None:
        super().__init__(init_cfg)
        for name in stages:
            if hasattr(self, name):
                raise ValueError(f'A stage cannot be named {name!r}; choose another.')
        for name in (k for k, cfg in stages.items() if cfg is None and k not in PLACES):
            raise ValueError(
                f'NeckSequence has no stage {name!r} to leave out; nearest: '
                f'{nearest_names(name, {*PLACES, *stages} - {name})}. A stage with a '
                'name of your own is left out by not naming it.'
            )
        built = {k: MODELS.build(cfg) for k, cfg in stages.items() if cfg is not None}
        if not built:
            raise ValueError('NeckSequence has no stage; give e.g. prompt=dict(...).')
        missing = _first_missing(built)
        if missing and built.keys() <= set(PLACES):
            built = {name: built[name] for name in PLACES if name in built}
            missing = _first_missing(built)
        if missing:
            raise ValueError(missing)
        self.names = tuple(built)
        for name, stage in built.items():
            self.add_module(name, stage)

    def forward(self, feats: VLFeatures) -> VLFeatures:
        """Pass the features through every stage."""
        for name in self.names:
            feats = self.get_submodule(name)(feats)
        return feats

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The label names, from the stage that has them; None where none has."""
        stage = self.label_stage()
        return None if stage is None else stage.classes

    def set_classes(self, classes: Sequence[str]) -> None:
        """Recognise other labels from now on; see :meth:`PDLR.set_classes`.

        Raises:
            ValueError: No stage can take names, or a name breaks the rules.
        """
        stage = self.label_stage()
        if stage is None:
            raise ValueError(
                f'None of the stages {self.names} makes labels from names; add '
                "prompt=dict(type='PDLR', ...)."
            )
        stage.set_classes(classes)

    def label_stage(self) -> BaseModule | None:
        """Return the stage that makes labels from names; None if there is none."""
        stages = (stage for stage in self.children() if hasattr(stage, 'set_classes'))
        return next(stages, None)


def _first_missing(stages: Mapping[str, nn.Module]) -> str | None:
    """Say what the first stage lacks that cannot work in this order, if one does."""
    filled: set[str] = set()
    for stage in stages.values():
        for field in getattr(stage, 'requires', ()):
            if field not in filled:
                return describe_missing(field, type(stage).__name__)
        filled.update(getattr(stage, 'provides', ()))
    return None
