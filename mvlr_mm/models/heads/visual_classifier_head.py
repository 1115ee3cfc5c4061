"""Fixed class centres on the visual features."""

from collections.abc import Mapping, Sequence

from mmpretrain.registry import MODELS
from torch import Tensor, nn

from ...structures import VLFeatures
from .named_labels_head import NamedLabelsHead


@MODELS.register_module()
class VisualClassifierHead(NamedLabelsHead):
    """A linear classifier on the mean patch: "Classifier Learning" of MVLR's table 7.

    Behind a neck the labels reach it only through what the stages did to the patches.
    Without one it is the usual classifier on a pooled map: with the asymmetric loss on
    a ResNet-101, the system of `ASL <https://arxiv.org/abs/2009.14119>`_.

    Args:
        num_classes: Number of labels C, or None where ``classes`` says them.
        embed_dim: Width D of the patches.
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted; or one for each label, by
            name or in a file of `mvlr thresholds`.
        topk: Number of labels predicted, instead of ``thr``.
        classes: The C label names; see :class:`NamedLabelsHead`.
        init_cfg: As in mmengine.

    Raises:
        ValueError: See :class:`NamedLabelsHead`.
    """

    named_rows = ('fc.weight', 'fc.bias')

    def __init__(
        self,
        num_classes: int | None = None,
        *,
        embed_dim: int,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        classes: Sequence[str] | str | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(classes, num_classes, loss, thr, topk, init_cfg)
        self.fc = nn.Linear(embed_dim, self.num_labels)

    def pre_logits(self, feats: VLFeatures) -> Tensor:
        """Return the mean patch, (B, D)."""
        return feats.visual.mean(dim=1)

    def patch_logits(self, feats: VLFeatures) -> Tensor:
        """Logit of every patch, (B, N, C), whose mean is the picture's."""
        return self.fc(feats.visual)

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the logits, (B, C)."""
        return self.fc(self.pre_logits(feats))
