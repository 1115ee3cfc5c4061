"""Fixed class centres on the visual features."""

from collections.abc import Mapping

from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...structures import VLFeatures
from ..layers.named_rows import NamedRows
from .multi_label_head import MultiLabelHead


@MODELS.register_module()
class VisualClassifierHead(NamedRows, MultiLabelHead):
    """A linear classifier on the mean patch: "Classifier Learning" of MVLR's table 7.

    The labels reach it only through what the necks did to the patches. Its rows belong
    to the labels of the prompt stage that it has met first, or to those of its
    checkpoint.

    Args:
        num_classes: Number of labels C.
        embed_dim: Width D of the patches.
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted; or one for each label, by
            name or in a file of `mvlr thresholds`.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: In ``loss`` and ``predict``, the labels are not those of the rows.
    """

    reads = ('visual',)
    named_rows = ('fc.weight', 'fc.bias')

    def __init__(
        self,
        num_classes: int,
        embed_dim: int,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(loss or dict(type='LogitAsymmetricLoss'), thr, topk, init_cfg)
        self.fc = nn.Linear(embed_dim, num_classes)

    def pre_logits(self, feats: VLFeatures) -> Tensor:
        """Return the mean patch, (B, D)."""
        return feats.visual.mean(dim=1)

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the logits, (B, C)."""
        return self.fc(self.pre_logits(feats))

    def loss(
        self, feats: VLFeatures, data_samples: list[DataSample], **kwargs: object
    ) -> dict[str, Tensor]:
        """Return ``loss``; see :class:`MultiLabelHead`."""
        self._meet(feats.names)
        return super().loss(feats, data_samples, **kwargs)

    def predict(
        self, feats: VLFeatures, data_samples: list[DataSample] | None = None
    ) -> list[DataSample]:
        """See :class:`MultiLabelHead`."""
        self._meet(feats.names)
        return super().predict(feats, data_samples)

    def _meet(self, names: tuple[str, ...] | None) -> None:
        if names is None:
            return
        if self.classes is None:
            self.classes = names
        if names != self.classes:
            raise ValueError(
                'VisualClassifierHead has learned a row for each of '
                f'{len(self.classes)} labels ({self.classes[0]!r}, ...), and now gets '
                f'{len(names)} ({names[0]!r}, ...), others or in another order; it '
                'recognises the labels that it was trained on, in their order.'
            )
