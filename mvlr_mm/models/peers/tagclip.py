"""TagCLIP: a CLIP tags by its patches, without training."""

from collections.abc import Mapping, Sequence

import torch
from mmpretrain.registry import MODELS
from torch import Tensor

from ...argument_checks import check_number, check_template
from ...labels.names import as_tower_reads, check_label_names
from ...structures import VLFeatures
from ..heads.named_labels_head import NamedLabelsHead
from ..layers.cosine_scale import match_scale, register_scale
from ..layers.unit_length import unit
from ..layers.width_check import check_widths
from ..text import TextEncoder

#: What a patch may show that is none of the labels.
BACKGROUND = (
    'ground', 'grass', 'tree', 'building', 'wall', 'sky', 'water', 'sea', 'cloud',
    'house', 'mountain', 'road', 'street', 'bridge',
)  # fmt: skip


@MODELS.register_module()
class TagCLIPHead(NamedLabelsHead):
    """`TagCLIP <https://arxiv.org/abs/2312.12828>`_ on patches (Lin et al., AAAI 2024).

    Nothing trains. Each patch is classified by the softmax over labels and background.
    The scores are refined by how patches attend to each other, once, and again within
    the region of each label (dual-masking attention refinement); their maximum is the
    label's score. A label that stands out is classified once more by its region alone,
    and the two are averaged (class-wise reidentification).

    The published system takes a ViT's attention maps, lets the patches of its last
    block see themselves alone, and encodes the crop of a region anew. Here the patches
    are the backbone's, their attention is the softmax of their cosines, and a region is
    the mean of its patches: it runs on any CLIP of ours, and on stored features.

    Args:
        text_encoder: Config of a :class:`mvlr_mm.models.text.TextEncoder`, or one; it
            encodes the texts once and is not kept. None leaves their vectors to be
            loaded, as from a pack.
        embed_dim: Width D of patches and texts.
        background: Names of what is no label, or none; what a text tower reads as it
            reads a label is left out.
        template: ``{}`` stands for the label, or a name of the background.
        scale: Factor of the cosines of patches and texts. None takes what the CLIP of
            ``text_encoder`` was trained with, as published; where that is not known,
            100, OpenAI's.
        attention_scale: Factor of the cosines of patches; a sharp attention leaves
            each patch to itself.
        classes: The C label names; see :class:`NamedLabelsHead`.
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: The texts are not ``embed_dim`` wide, ``scale`` or
            ``attention_scale`` is no number above 0, ``template`` has not one ``{}``,
            ``background`` is no list of names, or see :class:`NamedLabelsHead`.
    """

    named_rows = ('labels',)

    def __init__(
        self,
        text_encoder: dict | TextEncoder | None,
        embed_dim: int,
        background: Sequence[str] = BACKGROUND,
        template: str = 'a photo of a {}.',
        scale: float | None = None,
        attention_scale: float = 3.0,
        classes: Sequence[str] | str | None = None,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(classes, None, loss, thr, topk, init_cfg)
        check_template('template', template)
        background = _without(background, self.classes)
        filled = [template.replace('{}', x) for x in (*self.classes, *background)]
        texts, trained = torch.zeros(len(filled), embed_dim), None
        if text_encoder is not None:
            if isinstance(text_encoder, dict):
                text_encoder = MODELS.build(text_encoder)
            texts = text_encoder.encode_texts(filled)
            trained = text_encoder.trained_scale
        check_widths('TagCLIPHead', embed_dim, texts=texts)
        self.register_buffer('labels', texts[: self.num_labels])
        self.register_buffer('background', texts[self.num_labels :])
        register_scale(self, scale, trained)
        check_number('attention_scale', attention_scale, above=0)
        self.attention_scale = attention_scale

    def pre_logits(self, feats: VLFeatures) -> Tensor:
        """Return the score of every patch after both refinements, (B, N, C + K)."""
        patches = unit(feats.visual)
        return self._refine(patches, self._classify(patches))

    def patch_logits(self, feats: VLFeatures) -> Tensor:
        """Logits of these scores of the labels, (B, N, C)."""
        return _logit(self.pre_logits(feats)[..., : self.num_labels])

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the logits, (B, C), of scores in [0, 1]."""
        refined = self.pre_logits(feats)
        scores = refined.amax(dim=1)  # of the whole picture
        low, high = refined.amin(dim=(1, 2)), refined.amax(dim=(1, 2))
        stands_out = scores > ((low + high) / 2)[:, None]
        again = self._identify(feats.visual, refined)
        scores = torch.where(stands_out, (scores + again) / 2, scores)
        return _logit(scores[:, : self.num_labels])

    def _classify(self, vectors: Tensor) -> Tensor:
        """Return the softmax over texts, (..., C + K), of unit vectors."""
        texts = unit(torch.cat([self.labels, self.background]))
        return (self.scale * vectors @ texts.T.to(vectors.dtype)).softmax(dim=-1)

    def _refine(self, patches: Tensor, coarse: Tensor) -> Tensor:
        """Refine the scores of patches, (B, N, C + K), by those they attend to."""
        attention = (self.attention_scale * patches @ patches.mT).softmax(dim=-1)
        attention = attention * _reach(attention, 1 / patches.shape[1])  # their mean
        refined = attention @ coarse
        region = _reach(refined, refined.mean(dim=1, keepdim=True))
        return attention @ (coarse * region)

    def _identify(self, patches: Tensor, refined: Tensor) -> Tensor:
        """Return each label's probability where its region is all that is seen."""
        low, high = refined.aminmax(dim=1, keepdim=True)
        region = (refined >= (low + high) / 2).to(patches.dtype)
        vectors = unit(region.mT @ patches)  # (B, C + K, D), any length
        return self._classify(vectors).diagonal(dim1=1, dim2=2)

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: object
    ) -> None:
        if f'{prefix}background' in state_dict:  # a checkpoint of before had no scale
            state_dict.setdefault(f'{prefix}scale', torch.tensor(100.0))
        match_scale(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)


def _reach(values: Tensor, mean: Tensor | float) -> Tensor:
    """Say which values, none below 0, are at least their mean, but for rounding.

    Of one patch, and of patches that are all alike, that is every one.
    """
    return values >= mean * (1 - 4 * torch.finfo(values.dtype).eps)


def _without(background: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Return the names of the background that are none of the labels."""
    if isinstance(background, str):
        raise ValueError(
            f'background ({background!r}) must be a list of names, such as '
            f'[{background!r}].'
        )
    names = check_label_names(tuple(background), 'background') if background else ()
    read = {as_tower_reads(label) for label in labels}
    return [name for name in names if as_tower_reads(name) not in read]


def _logit(scores: Tensor) -> Tensor:
    """Return finite logits that rank as the scores do.

    In half precision nothing is between 1 - 1e-6 and 1.
    """
    return torch.logit(scores.float().clamp(1e-30, 1 - 1e-6))
