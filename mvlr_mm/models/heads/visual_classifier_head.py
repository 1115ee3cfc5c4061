"""Fixed class centres on the visual features."""

from mmpretrain.registry import MODELS
from torch import Tensor, nn

from ...structures import VLFeatures
from .multi_label_head import MultiLabelHead


@MODELS.register_module()
class VisualClassifierHead(MultiLabelHead):
    """A linear classifier on the mean patch: "Classifier Learning" of MVLR's table 7.

    The labels reach it only through what the necks did to the patches.

    Args:
        num_classes: Number of labels C.
        embed_dim: Width D of the patches.
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted; or a file of `mvlr
            thresholds`, which has one for each label.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.
    """

    reads = ('visual',)

    def __init__(
        self,
        num_classes: int,
        embed_dim: int,
        loss: dict | None = None,
        thr: float | str | None = None,
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
