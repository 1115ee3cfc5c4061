"""Tagging by the million in this process."""

from collections.abc import Iterator
from typing import Any

from ...apis import MultiLabelInferencer, Tagged
from ...apis.picture_sources import EncodedPicture, PictureFile
from ..result_files import ResultRow, result_row
from .parts import Parts
from .results import known_names
from .sources import Source


def tag_local(
    infer: MultiLabelInferencer, source: Source, parts: Parts, **options: Any
) -> Iterator[Tagged]:
    """Tag the pictures of a source that have no row yet, each once.

    Pictures are read and decoded in threads while the model is at work. What is tagged
    is written in parts, the last of them also when the iterator is closed early or an
    error ends it.

    Args:
        infer: The model.
        source: The pictures.
        parts: Where the rows go.
        options: Of the call of the inferencer.

    Yields:
        What the model says of each picture.
    """
    known = known_names(parts.manifest.folder)

    def pictures() -> Iterator[PictureFile | EncodedPicture]:
        for found in source.pictures(wanted=known.add):
            if found.error is not None:
                parts.add(ResultRow(found.path, [], [], found.error))
            else:
                yield found.picture()

    try:
        for tagged in infer(pictures(), **options):
            parts.add(result_row(tagged))
            yield tagged
    finally:
        parts.flush()
