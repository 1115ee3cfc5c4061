"""Named stages, one after the other."""

from collections.abc import Mapping, Sequence
from itertools import chain

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from ...json_tensor import encode
from ...labels.record import RECORD, decode_record
from ...near_names import nearest_names
from ...structures import VLFeatures, describe_missing

SEQUENCE = 'label_sequence'  # in a state dict: the names in the order of the training
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

    A stage with ``reads_order``, such as QMVL, reads the labels as a sequence and has
    learned theirs. Where a state dict or :meth:`set_classes` brings the same labels in
    another order, such a stage still gets them in that of the training, so that every
    label keeps its scores.

    Args:
        init_cfg: As in mmengine.
        **stages: Config of each stage; or None for no such stage, of :data:`PLACES`.

    Attributes:
        sequence: Where the labels of the trained sequence are now, (C,) int64; None
            where they are as they were trained. A buffer.
        sequence_of: The label names that it is for.

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
        self.register_buffer('sequence', None, persistent=False)
        self.sequence_of: tuple[str, ...] | None = None
        for name, stage in built.items():
            self.add_module(name, stage)

    def forward(self, feats: VLFeatures) -> VLFeatures:
        """Pass the features through every stage."""
        for name in self.names:
            stage = self.get_submodule(name)
            if (
                self.sequence is not None
                and _reads_order(stage)
                and feats.names == self.sequence_of
            ):
                feats = _in_order(stage, feats, self.sequence)
            else:
                feats = stage(feats)
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
        before = self._trained_sequence()
        stage.set_classes(classes)
        self._keep_sequence(before)

    def label_stage(self) -> BaseModule | None:
        """Return the stage that makes labels from names; None if there is none."""
        stages = (stage for stage in self.children() if hasattr(stage, 'set_classes'))
        return next(stages, None)

    def _trained_sequence(self) -> list[str] | None:
        """Return the names of the labels in the order of the training."""
        if self.classes is None:
            return None
        if self.sequence is None or self.sequence_of != self.classes:
            return list(self.classes)
        return [self.classes[row] for row in self.sequence.tolist()]

    def _keep_sequence(self, names: Sequence[str] | None) -> None:
        """Remember an order of the labels, if they are those that there are now."""
        now = self.classes
        self.sequence = self.sequence_of = None
        if names is None or now is None or list(now) == list(names):
            return
        row_of = {name: row for row, name in enumerate(now)}
        if row_of.keys() == set(names) and any(map(_reads_order, self.children())):
            device = next(chain(self.parameters(), self.buffers())).device
            rows = [row_of[name] for name in names]
            self.sequence = torch.tensor(rows, device=device)
            self.sequence_of = now

    def _save_to_state_dict(
        self, destination: dict, prefix: str, keep_vars: bool
    ) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.sequence is not None and self.sequence_of == self.classes:
            destination[prefix + SEQUENCE] = encode(
                {'classes': self._trained_sequence()}
            )

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: object
    ) -> None:
        stored = state_dict.pop(prefix + SEQUENCE, None)
        places = dict(self.named_children())
        readers = tuple(f'{prefix}{n}.' for n in places if _reads_order(places[n]))
        # the sequence is that of the readers' weights, and changes with them alone
        if any(key.startswith(readers) for key in state_dict):
            labels = next((n for n in places if places[n] is self.label_stage()), None)
            record = f'{prefix}{labels}.{RECORD}'
            if stored is None:
                stored = state_dict.get(record)
            names = stored if stored is None else decode_record(stored, record)
            self._keep_sequence(names and names['classes'])
        super()._load_from_state_dict(state_dict, prefix, *args)


def _reads_order(stage: nn.Module) -> bool:
    return getattr(stage, 'reads_order', False)


def _in_order(stage: nn.Module, feats: VLFeatures, rows: Tensor) -> VLFeatures:
    """Let a stage read the labels in another order, and put them back."""
    found = stage(feats._replace(labels=feats.labels.index_select(-2, rows)))
    return found._replace(labels=found.labels.index_select(-2, rows.argsort()))


def _first_missing(stages: Mapping[str, nn.Module]) -> str | None:
    """Say what the first stage lacks that cannot work in this order, if one does."""
    filled: set[str] = set()
    for stage in stages.values():
        for field in getattr(stage, 'requires', ()):
            if field not in filled:
                return describe_missing(field, type(stage).__name__)
        filled.update(getattr(stage, 'provides', ()))
    return None
