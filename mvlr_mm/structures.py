"""The one contract between backbone, necks and head."""

from typing import NamedTuple

from torch import Tensor

# Which stage fills a field, so that an error can say what is missing.
_FILLED_BY = {
    'hard': "a prompt stage such as `prompt=dict(type='PDLR', ...)`",
    'soft': "a prompt stage such as `prompt=dict(type='PDLR', ...)`",
    'labels': "a prompt stage such as `prompt=dict(type='PDLR', ...)`",
    'knowledge': "a fusion stage such as `fusion=dict(type='IFM', ...)`",
    'context': "a fusion stage such as `fusion=dict(type='IFM', ...)`",
    'relation': "a fusion stage such as `fusion=dict(type='IFM', ...)`",
    'negative': "a prompt stage such as `prompt=dict(type='DualPrompts', ...)`",
}


def describe_missing(field: str, stage: str) -> str:
    """Say which stage must come before ``stage`` to fill ``field``."""
    return (
        f'{stage} needs VLFeatures.{field}, which no earlier stage has filled: '
        f'add {_FILLED_BY[field]} before {stage} in the config.'
    )


class VLFeatures(NamedTuple):
    """What travels from the backbone through the necks to the head.

    Letters used everywhere: B images, N patches, C labels, D width. The names in
    capitals are those of the paper (X, T and so on).
    """

    visual: Tensor  # (B, N, D)  X
    grid: tuple[int, int]  # (H, W), H * W == N
    hard: Tensor | None = None  # (C, D)  T^hard, from PDLR
    soft: Tensor | None = None  # (C, D)  T^soft, from PDLR
    labels: Tensor | None = None  # (C, D) or (B, C, D)  what the next stage uses as T
    knowledge: Tensor | None = None  # (C, D)  T^ka, from IFM, for KCR
    context: Tensor | None = None  # (B, C, D)  T^ca, from IFM, for KCR
    relation: Tensor | None = None  # (B, C, C)  the aggregated map, to look at
    names: tuple[str, ...] | None = None  # of the C labels, from the prompt stage
    negative: Tensor | None = None  # (C, D)  against each label, from DualPrompts

    def require(self, field: str, stage: str) -> Tensor:
        """Return ``field``, or say which stage is missing before ``stage``.

        Args:
            field: Name of a field of this tuple.
            stage: Who asks, for the message.

        Raises:
            ValueError: The field is still None.
        """
        value = getattr(self, field)
        if value is None:
            raise ValueError(describe_missing(field, stage))
        return value

    def batch_labels(self, stage: str) -> Tensor:
        """Return the labels as (B, C, D), repeated over the images if shared.

        Raises:
            ValueError: No stage has filled ``labels``.
        """
        labels = self.require('labels', stage)
        if labels.dim() == 2:
            return labels.expand(self.visual.shape[0], -1, -1)
        return labels


def as_features(given: object, taker: str) -> VLFeatures:
    """Return what a neck or a head is given, where it is features.

    Args:
        given: Of the stage before.
        taker: Who takes it, for the message.

    Raises:
        TypeError: It is something else, such as the maps of a backbone of mmpretrain.
    """
    if isinstance(given, VLFeatures):
        return given
    raise TypeError(
        f'{taker} takes VLFeatures, but the stage before it gave a '
        f'{type(given).__name__}, as backbones and necks of mmpretrain do: put '
        "dict(type='DenseProjection', in_channels=...), which makes patches of a map, "
        'in the neck between them, or the backbone into a DenseBackbone.'
    )
