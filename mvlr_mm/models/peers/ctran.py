"""C-Tran: patches and labels in one Transformer, some labels told beforehand."""

from collections.abc import Mapping, Sequence

import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...argument_checks import check_count, check_number
from ...structures import VLFeatures
from ..heads.batch_targets import batch_targets
from ..heads.named_labels_head import NamedLabelsHead
from ..layers.label_linear import LabelLinear
from ..layers.post_norm_block import PostNormBlock

UNKNOWN = -1  # a label's state; 0 is absent, 1 is there


def draw_states(targets: Tensor, most: float) -> Tensor:
    """Tell a random part of the labels of each picture, (B, C) int64.

    The number of labels told is even among 0 to ``floor(most * C)``, and which they are
    is random: label-mask training (section 3.3 of the paper).

    Args:
        targets: (B, C), 1 there, 0 absent. What is below 0, or between them as in
            blended pictures, is known to nobody and never told.
        most: Largest part that is told.

    Returns:
        0 or 1 where a label is told, :data:`UNKNOWN` elsewhere.
    """
    pictures, labels = targets.shape
    counts = torch.randint(int(most * labels) + 1, (pictures, 1), device=targets.device)
    ranks = torch.rand_like(targets).argsort(dim=1).argsort(dim=1)
    told = (ranks < counts) & ((targets == 0) | (targets == 1))
    return torch.where(told, targets.long(), UNKNOWN)


@MODELS.register_module()
class CTranHead(NamedLabelsHead):
    """`C-Tran <https://arxiv.org/abs/2011.14027>`_ (Lanchantin et al., CVPR 2021).

    The patches and a learned embedding of each label, to which an embedding of its
    state is added (unknown, absent or there), go through Transformer encoder layers
    together; a linear map for each label reads its token. In training some labels are
    told and the loss is on the others; ``forward`` takes states as well, so that known
    labels help to find the rest.

    "Unknown" is a random vector that never trains, as in the published code; the paper
    speaks of none.

    Args:
        embed_dim: Width D of the patches and of everything here.
        num_layers: Encoder layers.
        num_heads: Attention heads.
        hidden_dim: Width inside the feed-forward nets; None takes D.
        dropout: Probability within the layers.
        most_told: Largest part of the labels that is told in training.
        classes: The C label names; see :class:`NamedLabelsHead`.
        num_classes: C, where the names are not known.
        loss: Config of the loss on (logits, targets); it must leave out targets below
            0. None takes the binary cross entropy, summed over labels.
        thr: Score from which a label counts as predicted.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: A number of layers or a width is below 1, ``most_told`` or
            ``dropout`` is not in [0, 1], ``num_heads`` does not divide ``embed_dim``,
            the loss does not leave out targets below 0, or see
            :class:`NamedLabelsHead`.
    """

    named_rows = ('labels.weight', 'fc.weight', 'fc.bias')

    def __init__(
        self,
        embed_dim: int,
        num_layers: int = 3,
        num_heads: int = 4,
        hidden_dim: int | None = None,
        dropout: float = 0.1,
        most_told: float = 0.75,
        classes: Sequence[str] | str | None = None,
        num_classes: int | None = None,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        loss = loss or dict(type='LogitAsymmetricLoss', gamma_neg=0.0)
        super().__init__(classes, num_classes, loss, thr, topk, init_cfg)
        check_count('num_layers', num_layers)
        check_count('hidden_dim', hidden_dim, or_none=True)
        check_number('CTranHead: most_told', most_told, at_least=0, at_most=1)
        leaves_out = getattr(self.loss_module, 'leaves_out_unknown', False)
        if most_told > 0 and not leaves_out:
            raise ValueError(
                f'CTranHead: the loss {type(self.loss_module).__name__} does not say '
                'that it leaves out targets below 0, by leaves_out_unknown=True, and '
                'the labels that are told have -1; take LogitAsymmetricLoss, or '
                'most_told=0.'
            )
        self.most_told = most_told
        self.labels = nn.Embedding(self.num_labels, embed_dim)
        self.told = nn.Embedding(2, embed_dim)  # absent, there
        bound = embed_dim**-0.5
        for embedding in (self.labels, self.told):
            nn.init.uniform_(embedding.weight, -bound, bound)
        self.register_buffer(
            'unknown', torch.empty(1, embed_dim).uniform_(-bound, bound)
        )
        self.norm = nn.LayerNorm(embed_dim)
        self.layers = nn.ModuleList(
            PostNormBlock(embed_dim, num_heads, hidden_dim or embed_dim, dropout)
            for _ in range(num_layers)
        )
        for layer in self.layers:  # the official code draws every bias
            nn.init.uniform_(layer.attention.out.bias, -bound, bound)
        self.fc = LabelLinear(embed_dim, self.num_labels)

    def pre_logits(self, feats: VLFeatures, states: Tensor | None = None) -> Tensor:
        """Return the token of each label, (B, C, D); see :meth:`forward`."""
        shape = feats.visual.shape[0], self.num_labels
        if states is None:
            states = feats.visual.new_full(shape, UNKNOWN, dtype=torch.long)
        vectors = torch.cat([self.unknown, self.told.weight])
        labels = self.labels.weight + vectors[_rows(states, shape, vectors.device)]
        tokens = self.norm(torch.cat([feats.visual, labels], dim=1))
        for layer in self.layers:
            tokens = layer(tokens, tokens)
        return tokens[:, -self.num_labels :]

    def forward(self, feats: VLFeatures, states: Tensor | None = None) -> Tensor:
        """Return the logits, (B, C).

        Args:
            feats: Of the pictures.
            states: What is known of the labels, (B, C): 1 there, 0 absent, -1
                unknown; None knows nothing.

        Raises:
            ValueError: ``states`` has another shape, or another value.
        """
        return self.fc(self.pre_logits(feats, states))

    def loss(
        self, feats: VLFeatures, data_samples: list[DataSample], **kwargs: object
    ) -> dict[str, Tensor]:
        """Tell some labels and return ``loss`` on the others."""
        feats = self._meet(feats)
        targets = batch_targets(data_samples, self.num_labels)
        states = draw_states(targets, self.most_told)
        logits = self(feats, states)
        asked = torch.where(states == UNKNOWN, targets, UNKNOWN)
        loss = self.loss_module(logits, asked, avg_factor=len(logits), **kwargs)
        return {'loss': loss}


def _rows(states: Tensor, shape: tuple[int, int], device: torch.device) -> Tensor:
    """Return where the vector of each state stands, (B, C) int64."""
    states = torch.as_tensor(states, device=device)
    if states.shape != shape:
        raise ValueError(
            f'CTranHead: states has the shape {tuple(states.shape)}, but must be '
            f'{shape}: a state for each picture and label.'
        )
    if not states.is_floating_point():  # bytes have no -1 to compare with
        states = states.long()
    # on a GPU the check would wait for all that was launched
    if states.device.type == 'cpu' and not torch.compiler.is_compiling():
        wrong = states[(states != 1) & (states != 0) & (states != UNKNOWN)]
        if wrong.numel():
            raise ValueError(
                f'CTranHead: states has {wrong[0].item()}, but a state is 1 (there), 0 '
                '(absent) or -1 (unknown).'
            )
    # an index below 0 would count from the end; beyond it each device refuses it
    return torch.where(states < UNKNOWN, 3, states.long() + 1)
