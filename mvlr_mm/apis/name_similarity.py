"""How alike pictures and names are, beside generic names."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ..labels.scale import NameScale
from ..structures import VLFeatures

_BATCH = 16


class NameSimilarity(nn.Module):
    """How alike a picture and labels are, compared with generic names.

    The logit of the head for each label, minus the mean of its logits for the generic
    names: what a picture has in common with all texts is taken out.

    Args:
        head: The trained head.
        generic: Generic names as the prompt stage makes them; None for none.
    """

    def __init__(self, head: nn.Module, generic: VLFeatures | None = None) -> None:
        super().__init__()
        self.head = head
        self.generic = generic

    def forward(
        self,
        picture: VLFeatures,
        labels: Sequence[VLFeatures],
        score: Callable[[VLFeatures], Tensor] | None = None,
    ) -> Tensor:
        """Return the similarities, (B, C), or (B, N, C) of patches.

        Args:
            picture: The patches of B pictures.
            labels: Labels as the prompt stage makes them. They are scored apart, so
                that the bits of one's score do not depend on how many there are.
            score: The head's logits, the default, or those of the patches.
        """
        score = score or self.head
        found = [score(_join(picture, some)) for some in labels]
        together = torch.cat(found, dim=-1)
        if self.generic is None:
            return together
        level = score(_join(picture, self.generic)).mean(dim=-1, keepdim=True)
        return together - level


@torch.no_grad()
def mean_and_spread(
    similarity: NameSimilarity, labels: Sequence[VLFeatures], scale: NameScale
) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of similarities over the pictures of a scale.

    Args:
        similarity: Of a model.
        labels: Labels as its prompt stage makes them; K in all.
        scale: Of the same model.

    Returns:
        Both (K,), float32; 0 and 1 without pictures.
    """
    if not len(scale.patches):
        count = sum(len(some.labels) for some in labels)
        return torch.zeros(count), torch.ones(count)
    device = next(similarity.parameters()).device
    found = [
        similarity(VLFeatures(some.to(device).float(), scale.grid), labels)
        for some in scale.patches.split(_BATCH)
    ]
    every = torch.cat(found).float()
    return every.mean(dim=0), every.std(dim=0).clamp(min=torch.finfo(torch.float32).eps)


def gain_and_shift(
    similarity: NameSimilarity, labels: Sequence[VLFeatures], scale: NameScale
) -> tuple[Tensor, Tensor]:
    """Return what makes a logit: ``gain * similarity + shift``, both (K,).

    Args:
        similarity: Of a model, with the generic names of the scale.
        labels: Labels as its prompt stage makes them, each by itself; K in all.
        scale: Of the same model.
    """
    found = [mean_and_spread(similarity, [one], scale) for one in labels]
    means, spreads = (torch.cat(x) for x in zip(*found, strict=True))
    gain = scale.slope / spreads
    return gain, scale.bias - gain * means


def _join(picture: VLFeatures, labels: VLFeatures) -> VLFeatures:
    return labels._replace(visual=picture.visual, grid=picture.grid)
