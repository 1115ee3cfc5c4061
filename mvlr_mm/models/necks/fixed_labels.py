"""Labels that stay as a trained prompt stage has made them."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import Tensor

from ...labels.names import check_label_names
from ...structures import VLFeatures, as_features
from ..layers.named_rows import NamedRows, rows_among


@MODELS.register_module()
class FixedLabels(NamedRows, BaseModule):
    """What :class:`PDLR` or :class:`LabelVectors` gave, without what it was made from.

    It stands in their place where a model is used and no text tower is wanted. Nothing
    of it trains. Fills ``hard``, ``soft`` and ``labels``, each (C, D); and ``negative``
    where the stage did.

    Args:
        classes: The C label names.
        embed_dim: Width D of the vectors.
        negative: Whether there are vectors against the labels, too.
        init_cfg: As in mmengine.

    Attributes:
        classes: The label names, a tuple of str.

    Raises:
        ValueError: A name is empty or occurs twice.
    """

    provides = ('hard', 'soft', 'labels')
    named_rows = ('hard', 'soft', 'labels')

    def __init__(
        self,
        classes: Sequence[str],
        embed_dim: int,
        negative: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.classes = check_label_names(tuple(classes), 'classes')
        if negative:
            self.named_rows = (*self.named_rows, 'negative')
        for name in self.named_rows:
            self.register_buffer(name, torch.zeros(len(self.classes), embed_dim))

    @classmethod
    def of(cls, stage: BaseModule) -> 'FixedLabels':
        """Return the labels that a stage makes in evaluation.

        Args:
            stage: A ``PDLR``, ``LabelVectors`` or ``FixedLabels``, in eval mode.
        """
        with torch.no_grad():
            made = stage(VLFeatures(torch.empty(0), (0, 0)))  # it reads no picture
        fixed = cls(made.names, made.labels.shape[1], made.negative is not None)
        for name in fixed.named_rows:
            getattr(fixed, name).copy_(getattr(made, name))
        return fixed

    def set_classes(self, classes: Sequence[str]) -> None:
        """Recognise some of the labels alone, or all in another order.

        Args:
            classes: Names among those that there are.

        Raises:
            ValueError: A name is empty, occurs twice, or is none of these labels.
        """
        names = check_label_names(tuple(classes), 'classes')
        why = (
            'it has no text tower to make a vector of it; use the model that it was '
            'made from, or a pack with its text tower.'
        )
        rows = rows_among(names, self.classes, why)
        for name in self.named_rows:
            vectors: Tensor = getattr(self, name)
            setattr(self, name, vectors[rows])
        self.classes = names

    def forward(self, feats: VLFeatures) -> VLFeatures:
        """Fill ``hard``, ``soft`` and ``labels``, maybe ``negative``, each (C, D)."""
        vectors = {name: getattr(self, name) for name in self.named_rows}
        feats = as_features(feats, type(self).__name__)
        return feats._replace(names=self.classes, **vectors)
