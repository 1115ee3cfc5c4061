"""Logits as the similarity of patches and labels."""

import math
from collections.abc import Mapping

import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...argument_checks import check_number
from ...structures import VLFeatures, as_features
from ..layers.unit_length import unit
from .multi_label_head import MultiLabelHead


@MODELS.register_module()
class SimilarityHead(MultiLabelHead):
    """Each label vector is the centre of its class (MVLR, Eq. 12 to 14).

    The logit of a label is the similarity of its vector with every patch, pooled over
    the patches; Eq. 12 leaves the pooling out.

    Args:
        loss: Config of the classification loss on (logits, targets), Eq. 13.
        kcr: Config of the loss on (T^ka, T^ca), Eq. 9, with its weight; None for none.
        scale: None takes the dot product, to the letter of Eq. 12. A number takes
            ``scale * cosine + bias``, both learnable from these starts.
        bias: Start of the bias; only with ``scale``.
        pooling: Config of the pooling over patches.
        thr: Score from which a label counts as predicted; or one for each label, by
            name or in a file of `mvlr thresholds`.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: ``scale`` or ``bias`` is no finite number, ``scale`` not above 0, or
            there is a ``bias`` without it; or, in ``forward`` and ``loss``, a stage is
            missing before the head.
    """

    def __init__(
        self,
        loss: dict | None = None,
        kcr: dict | None = None,
        scale: float | None = None,
        bias: float = 0.0,
        pooling: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        loss = loss or dict(type='LogitAsymmetricLoss')
        super().__init__(loss, thr, topk, init_cfg)
        self.kcr_loss = None if kcr is None else MODELS.build(kcr)
        self.pooling = MODELS.build(pooling or dict(type='MeanPatchPooling'))
        self.log_scale = None
        check_number('scale', scale, or_none=True, above=0)
        check_number('bias', bias)
        if scale is None and bias:
            raise ValueError(
                f'bias ({bias}) is added to scale * cosine, and scale is None: give '
                'scale a number, or leave bias out (bias=0).'
            )
        if scale is not None:
            self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))
            self.bias = nn.Parameter(torch.tensor(float(bias)))

    def pre_logits(self, feats: VLFeatures) -> VLFeatures:
        """Return the features as they are: there is nothing before the similarity."""
        return feats

    def patch_logits(self, feats: VLFeatures) -> Tensor:
        """Logit of every patch, (B, N, C); ``feats.grid`` gives their places."""
        feats = as_features(feats, 'SimilarityHead')
        visual, labels = feats.visual, feats.batch_labels('SimilarityHead')
        if visual.shape[-1] != labels.shape[-1]:
            raise ValueError(
                f'SimilarityHead compares patches of width {visual.shape[-1]} with '
                f'labels of width {labels.shape[-1]}; set embed_dim of the prompt '
                'stage, or the out width of the backbone, so that they agree.'
            )
        if self.log_scale is None:
            return visual @ labels.transpose(1, 2)
        cosine = unit(visual) @ unit(labels).mT
        return self.log_scale.exp() * cosine + self.bias

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the logits, (B, C)."""
        return self.pooling(self.patch_logits(feats))

    def loss(
        self, feats: VLFeatures, data_samples: list[DataSample], **kwargs: object
    ) -> dict[str, Tensor]:
        """Return ``loss`` (Eq. 13) and, if asked for, ``loss_kcr`` (Eq. 9)."""
        losses = super().loss(feats, data_samples, **kwargs)
        if self.kcr_loss is not None:
            losses['loss_kcr'] = self.kcr_loss(
                feats.require('knowledge', 'The KCR loss of SimilarityHead'),
                feats.require('context', 'The KCR loss of SimilarityHead'),
            )
        return losses
