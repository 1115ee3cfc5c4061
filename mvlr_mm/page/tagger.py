"""What the page asks of a model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from ..apis import MultiLabelInferencer
from ..apis.choose_tags import STORED, TagChoice
from ..apis.prepare import batches
from ..apis.retag import retagged
from ..tagging.result_files import ResultRow
from ..visualization import heat_map, overlay
from .uploads import name_of, read_upload

OTHERWISE = 0.5  # threshold of a label that has none
SIDE = 900  # of a picture in the page, in pixels
KEPT = 16  # pictures whose scores are remembered
_BATCH = 8


@dataclass(frozen=True, eq=False)
class Look:
    """What the model says of one picture.

    Letters: C labels, the model's own first, then those added; H and W rows and columns
    of patches.
    """

    names: tuple[str, ...]
    own: int  # how many of them the model was trained on
    scores: np.ndarray  # (C,)
    thresholds: np.ndarray  # (C,)
    picture: Image.Image  # small enough for the page
    scaled: bool = False  # whether added labels are on the scale of the others
    heatmap: np.ndarray | None = None  # (C, H, W), logits of the patches

    def where(self, name: str) -> Image.Image | None:
        """Return the picture in grey, in colour where a label is seen; None without.

        Args:
            name: Of the label.
        """
        if self.heatmap is None:
            return None
        logits = self.heatmap[self.names.index(name)]
        heat = heat_map(logits.ravel(), logits.shape, self.picture.size)
        return overlay(self.picture, heat)


class PageTagger:
    """Tag uploads with a model.

    Args:
        infer: The model.
        max_pixels: The most that a picture may have.

    Attributes:
        own: The labels that the model was trained on.
        fixed: Why no label can be added; None where they can.
        has_maps: Whether the model scores patches.
    """

    def __init__(self, infer: MultiLabelInferencer, max_pixels: int) -> None:
        self._infer, self.max_pixels = infer, max_pixels
        self.own = infer.classes
        self.has_maps = hasattr(infer.model.head, 'patch_logits')
        self.fixed = _why_fixed(infer)
        stored = infer.loaded.thresholds
        thr = OTHERWISE if stored is None else STORED
        self._thresholds = TagChoice(self.own, thr, stored=stored).thresholds
        # of a few pictures: a map of another label is drawn without the model
        self.look = lru_cache(KEPT)(self._look)

    def thresholds(self, added: Sequence[str]) -> np.ndarray:
        """Return the score from which each label is a tag, (C,).

        Args:
            added: The labels after the model's own.
        """
        return np.append(self._thresholds, np.full(len(added), OTHERWISE))

    def _look(self, path: str, added: tuple[str, ...]) -> Look:
        """Return what the model says of an upload.

        Args:
            path: Of its file.
            added: Labels beside the model's own.

        Raises:
            ValueError: It is no picture, or too large; or no label can be added.
        """
        pixels = read_upload(path, self.max_pixels)
        fmt = ('scores', 'heatmap') if self.has_maps else ('scores',)
        (found,) = self._infer([pixels], classes=self._names(added), fmt=fmt)
        if found.error is not None:
            raise ValueError(f'{name_of(path)}: {found.error}')
        picture = Image.fromarray(pixels[..., ::-1])
        picture.thumbnail((SIDE, SIDE))
        return Look(
            names=(*self.own, *added),
            own=len(self.own),
            scores=found.scores,
            thresholds=self.thresholds(added),
            picture=picture,
            scaled=self._infer.loaded.name_scale is not None,
            heatmap=found.heatmap,
        )

    def rows(
        self, paths: Sequence[str], added: tuple[str, ...] = ()
    ) -> Iterator[ResultRow]:
        """Yield the tags of uploads, in their order; of bad ones, what is wrong.

        Args:
            paths: Of their files.
            added: Labels beside the model's own.

        Raises:
            ValueError: No label can be added.
        """
        for some in batches(paths, _BATCH):
            read = [self._read(path) for path in some]
            pixels = (one for one in read if not isinstance(one, str))
            tagged = self._infer(
                pixels, thr=self.thresholds(added), classes=self._names(added)
            )
            for path, one in zip(some, read, strict=True):
                if isinstance(one, str):
                    yield ResultRow(name_of(path), (), (), one)
                    continue
                found = next(tagged)
                tags, scores = ([pair[i] for pair in found.tags] for i in (0, 1))
                yield ResultRow(name_of(path), tags, scores, found.error)

    def _read(self, path: str) -> np.ndarray | str:
        """Return the pixels of an upload, or why there are none."""
        try:
            return read_upload(path, self.max_pixels)
        except ValueError as error:
            return str(error)

    def _names(self, added: Sequence[str]) -> tuple[str, ...] | None:
        return (*self.own, *added) if added else None


def _why_fixed(infer: MultiLabelInferencer) -> str | None:
    """Return why a model takes no other labels; None if it does."""
    try:
        retagged(infer.model, infer.classes)
    except ValueError as error:
        return str(error)
    return None
