"""DualCoOp: a prompt that speaks for a label, and one that speaks against it."""

from collections.abc import Mapping, Sequence

import torch
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from ...argument_checks import check_number
from ...labels.names import read_label_names
from ...structures import VLFeatures
from ..heads.multi_label_head import MultiLabelHead
from ..layers.cosine_scale import match_scale, register_scale
from ..layers.named_rows import rows_among
from ..layers.unit_length import unit
from ..layers.width_check import check_widths
from ..necks.pdlr import PDLR
from ..text import TokenBatch


@MODELS.register_module()
class DualPrompts(PDLR):
    """Two soft prompts, for and against (Sun et al., NeurIPS 2022, section 3.2).

    Each is L trainable vectors, shared by all labels, before the words of the label.
    Fills ``labels`` with what the positive prompts become in the text tower, (C, D),
    and ``negative`` with the negative ones, (C, D).

    Args:
        text_encoder: Config of a :class:`mvlr_mm.models.text.TextEncoder`, or one.
        classes: The C label names, or the path of a json list or a text file of them.
        num_tokens: Length L of each prompt.
        context_init: Words whose embeddings start the positive prompt; they must be
            ``num_tokens`` tokens. None draws it from N(0, 0.02), as published.
        negative_init: The same for the negative prompt.
        embed_dim: Width D that comes out; see :class:`PDLR`.
        chunk_size: Labels that go through the text tower at a time.
        init_cfg: As in mmengine.

    Raises:
        ValueError: An argument breaks its rule; the message names it.
        FileNotFoundError: ``classes`` is a path that leads nowhere.
    """

    provides = ('hard', 'soft', 'labels', 'negative')

    def __init__(
        self,
        text_encoder: dict | nn.Module,
        classes: Sequence[str] | str,
        num_tokens: int = 16,
        context_init: str | None = None,
        negative_init: str | None = None,
        embed_dim: int | None = None,
        chunk_size: int = 256,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            text_encoder,
            classes,
            prompts='soft',
            num_tokens=num_tokens,
            context_init=context_init,
            embed_dim=embed_dim,
            chunk_size=chunk_size,
            init_cfg=init_cfg,
        )
        self.negative_context = nn.Parameter(
            self._start(negative_init, 'negative_init')
        )

    def forward(self, feats: VLFeatures) -> VLFeatures:
        """Fill ``labels`` and ``negative``, each (C, D)."""
        negative = self.remember('negative', self._encode_negative)
        return super().forward(feats)._replace(negative=negative)

    def _encode_negative(self) -> Tensor:
        tokens = TokenBatch(self.token_ids, self.token_mask)
        encoded = self.text_encoder.encode(
            tokens, self.negative_context, self.chunk_size
        )
        return self.proj(encoded)


@MODELS.register_module()
class DualPromptsPerLabel(DualPrompts):
    """Two soft prompts for each label: class-specific contexts.

    Of Sun et al., NeurIPS 2022: their code's ``--csc``, as its command for partial
    labels has it. Fills what :class:`DualPrompts` fills, each (C, D). What was learned
    for a label tells nothing of others, so that this model recognises the labels of its
    training alone.

    Args:
        text_encoder: As for :class:`DualPrompts`.
        classes: As for :class:`DualPrompts`.
        num_tokens: Length L of each prompt.
        context_init: As for :class:`DualPrompts`; None draws each label's by itself.
        negative_init: The same for the negative prompts.
        embed_dim: As for :class:`DualPrompts`.
        chunk_size: As for :class:`DualPrompts`.
        init_cfg: As in mmengine.

    Attributes:
        context: The positive prompts, (C, L, token_dim).
        negative_context: The negative ones, of the same shape.

    Raises:
        ValueError: As for :class:`DualPrompts`.
        FileNotFoundError: ``classes`` is a path that leads nowhere.
    """

    named_rows = ('context', 'negative_context')
    takes_names = False

    def _start(self, words: str | None, argument: str = 'context_init') -> Tensor:
        if words is None:
            shape = len(self.classes), self.num_tokens, self.text_encoder.token_dim
            return 0.02 * torch.randn(shape)
        return super()._start(words, argument).repeat(len(self.classes), 1, 1)

    def set_classes(self, classes: Sequence[str]) -> None:
        """Recognise some of the labels alone, or all in another order.

        Args:
            classes: Names among those that there are.

        Raises:
            ValueError: A name is empty, occurs twice, or is none of these labels.
        """
        names = read_label_names(classes)
        if self.classes in (None, names):  # it is being built, or nothing changes
            return super().set_classes(names)
        why = (
            'DualPromptsPerLabel has learned prompts for each; DualPrompts, whose '
            'prompts all labels share, takes other names.'
        )
        rows = rows_among(names, self.classes, why)
        super().set_classes(names)
        for name in self.named_rows:
            old: nn.Parameter = getattr(self, name)
            new = nn.Parameter(old.detach()[rows], requires_grad=old.requires_grad)
            setattr(self, name, new)


@MODELS.register_module()
class DualCoOpHead(MultiLabelHead):
    """Class-specific region aggregation of DualCoOp (section 3.3); nothing to train.

    Scaled cosines of the patches with both texts of a label; their mean over places,
    weighted by the softmax of the positive ones. The published probability is the
    softmax over the two means, so the logit is their difference.

    As in the published code the mean patch is one more place. Its softmax runs over
    positions with the attention pool's positional embedding; here the patches are the
    backbone's, which have none.

    Args:
        scale: Factor of the cosines before the softmax over places. None takes a fifth
            of ``trained_scale``: the published 20, with OpenAI's CLIP.
        gain: Factor of the weighted means.
        trained_scale: Factor of the cosines that the CLIP was trained with; None is
            100, OpenAI's. ``VLClassifier`` takes it from the text tower of the prompts.
        loss: Config of the loss on (logits, targets); ``LogitAsymmetricLoss`` with the
            published focusing, 1 and 2, if None.
        thr: Score from which a label counts as predicted.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: ``scale``, ``gain`` or ``trained_scale`` is no finite number above
            0; or, in ``forward``, no :class:`DualPrompts` stands before the head.
    """

    reads = ('visual', 'labels', 'negative')

    def __init__(
        self,
        scale: float | None = None,
        gain: float = 5.0,
        trained_scale: float | None = None,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        loss = loss or dict(
            type='LogitAsymmetricLoss', gamma_pos=1.0, gamma_neg=2.0, clip=0.05
        )
        super().__init__(loss, thr, topk, init_cfg)
        register_scale(self, scale, trained_scale, share=0.2)
        check_number('gain', gain, above=0)
        self.gain = gain

    def pre_logits(self, feats: VLFeatures) -> tuple[Tensor, Tensor]:
        """Return the means for and against each label, both (B, C)."""
        mean = feats.visual.mean(dim=1, keepdim=True)
        positive, negative = self._compare(
            torch.cat([feats.visual, mean], dim=1), feats
        )
        weights = positive.softmax(dim=1)  # over places
        pooled = [(weights * x).sum(dim=1) for x in (positive, negative)]
        return self.gain * pooled[0], self.gain * pooled[1]

    def patch_logits(self, feats: VLFeatures) -> Tensor:
        """Logit of a picture that is this patch alone, (B, N, C)."""
        positive, negative = self._compare(feats.visual, feats)
        return self.gain * (positive - negative)

    def _compare(self, places: Tensor, feats: VLFeatures) -> list[Tensor]:
        """Return the scaled cosines for and against each label, (B, M, C)."""
        width, places = places.shape[-1], unit(places)
        texts = {x: feats.require(x, 'DualCoOpHead') for x in ('labels', 'negative')}
        check_widths('DualCoOpHead', width, visual=feats.visual, **texts)
        units = (unit(x) for x in texts.values())
        return [self.scale * places @ x.mT for x in units]

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the logits, (B, C)."""
        positive, negative = self.pre_logits(feats)
        return positive - negative

    def complete_weights(self, state_dict: dict[str, Tensor], prefix: str) -> None:
        """Add the scale to checkpoints of before there was one; see `VLClassifier`.

        They are known by the prompts against the labels, or by their vectors in a pack
        without text: the head itself had no weight.
        """
        names = {name.rpartition('.')[2] for name in state_dict}
        if not names.isdisjoint(('negative_context', 'negative')):
            state_dict.setdefault(f'{prefix}scale', torch.tensor(20.0))

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: object
    ) -> None:
        match_scale(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)
