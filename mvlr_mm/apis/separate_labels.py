"""Trained labels and new ones side by side, none of which changes another's score."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..structures import VLFeatures
from .name_similarity import NameSimilarity


class SeparateFeatures(NamedTuple):
    """What reaches the head: of the trained labels, and of the picture for new ones."""

    trained: VLFeatures | None  # behind all stages of the neck; None if not wanted
    picture: VLFeatures  # before the stage that makes labels

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return self.picture.grid


class SeparateNeck(nn.Module):
    """A neck for its own labels; new ones go round what stands behind the prompts.

    Args:
        neck: The trained one.
        before: The stages before the one that makes labels.
        classes: All labels that are asked for.
        with_trained: Whether trained labels are among them.
    """

    def __init__(
        self,
        neck: nn.Module,
        before: Sequence[nn.Module],
        classes: tuple[str, ...],
        with_trained: bool,
    ) -> None:
        super().__init__()
        self.neck = neck
        self.before = nn.Sequential(*before)
        self.classes = classes
        self.with_trained = with_trained

    def forward(self, feats: VLFeatures) -> SeparateFeatures:
        """Return what the head reads."""
        trained = self.neck(feats) if self.with_trained else None
        return SeparateFeatures(trained, self.before(feats))


class SeparateHead(nn.Module):
    """A head for trained and for new labels, in the order that is asked for.

    Args:
        similarity: With the trained head.
        trained: Columns of the trained labels that are wanted.
        new: New labels as the prompt stage makes them, each by itself.
        gain: Factor of each new label's similarity, (K,).
        shift: Added to it, (K,).
        order: Columns of the trained labels, then of the new, in the order wanted.
    """

    def __init__(
        self,
        similarity: NameSimilarity,
        trained: Sequence[int],
        new: Sequence[VLFeatures],
        gain: Tensor,
        shift: Tensor,
        order: Sequence[int],
    ) -> None:
        super().__init__()
        self.similarity = similarity
        self.trained, self.new, self.order = list(trained), tuple(new), list(order)
        self.register_buffer('gain', gain, persistent=False)
        self.register_buffer('shift', shift, persistent=False)

    def forward(self, feats: SeparateFeatures) -> Tensor:
        """Return the logits, (B, C)."""
        return self._columns(feats, self.similarity.head)

    def patch_logits(self, feats: SeparateFeatures) -> Tensor:
        """Return the logit of every patch, (B, N, C)."""
        return self._columns(feats, self.similarity.head.patch_logits)

    def _columns(
        self, feats: SeparateFeatures, score: Callable[[VLFeatures], Tensor]
    ) -> Tensor:
        parts = []
        if self.trained:
            parts.append(score(feats.trained)[..., self.trained])
        if self.new:
            found = self.similarity(feats.picture, self.new, score)
            parts.append(self.gain * found + self.shift)
        return torch.cat(parts, dim=-1)[..., self.order]
