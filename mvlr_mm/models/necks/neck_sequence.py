"""Named stages, one after the other."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from mmpretrain.registry import MODELS

from ...structures import VLFeatures, describe_missing


@MODELS.register_module()
class NeckSequence(BaseModule):
    """Apply named stages in config order: ``prompt=..., fusion=..., interaction=...``.

    Names rather than a list, so that a child config changes one stage
    (``neck=dict(fusion=dict(alpha=0.4))``), drops one (``fusion=None``) or replaces
    one (``interaction=dict(_delete_=True, type='SelfAttentionInteraction', ...)``),
    and so that ``paramwise_cfg`` keys read well.

    Args:
        init_cfg: As in mmengine.
        **stages: Config of each stage, or None for no such stage.

    Raises:
        ValueError: No stage is left, a name is taken by the module itself, or a stage
            needs what no stage before it gives (by the attributes ``requires`` and
            ``provides`` of the stages, names of fields of ``VLFeatures``).
    """

    def __init__(self, init_cfg: dict | None = None, **stages: dict | None) -> None:
        super().__init__(init_cfg)
        self.names = tuple(name for name, cfg in stages.items() if cfg is not None)
        if not self.names:
            raise ValueError('NeckSequence has no stage; give e.g. prompt=dict(...).')
        for name in self.names:
            if hasattr(self, name):
                raise ValueError(f'A stage cannot be named {name!r}; choose another.')
            self.add_module(name, MODELS.build(stages[name]))
        self._check_order()

    def _check_order(self) -> None:
        filled: set[str] = set()
        for stage in self.children():
            for field in getattr(stage, 'requires', ()):
                if field not in filled:
                    raise ValueError(describe_missing(field, type(stage).__name__))
            filled.update(getattr(stage, 'provides', ()))

    def forward(self, feats: VLFeatures) -> VLFeatures:
        """Pass the features through every stage."""
        for name in self.names:
            feats = self.get_submodule(name)(feats)
        return feats

    @property
    def classes(self) -> tuple[str, ...]:
        """The label names, from the stage that has them."""
        return self._label_stage().classes

    def set_classes(self, classes: Sequence[str]) -> None:
        """Recognise other labels from now on; see :meth:`PDLR.set_classes`.

        Raises:
            ValueError: No stage can take names, or a name breaks the rules.
        """
        self._label_stage().set_classes(classes)

    def _label_stage(self) -> BaseModule:
        for stage in self.children():
            if hasattr(stage, 'set_classes'):
                return stage
        raise ValueError(
            f'None of the stages {self.names} makes labels from names; add '
            "prompt=dict(type='PDLR', ...)."
        )
