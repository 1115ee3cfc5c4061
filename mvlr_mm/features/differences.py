"""Why features that are kept may not be those that are wanted."""

from collections.abc import Iterator

from ..stores.reasons import other_pictures, other_pipeline
from .frozen_part import PATCHES, TRUNK
from .index import Index

_WHY = {
    PATCHES: 'all of its backbone is frozen',
    TRUNK: 'its trunk is frozen and its projection is not',
}


def differences(kept: Index, wanted: Index, whole: bool) -> Iterator[str]:
    """Yield the reasons why kept features are not those that are wanted.

    Args:
        kept: Of a folder.
        wanted: Of a config; without the arrays that are not needed.
        whole: Whether all must be the same; else what is wanted must be among the kept.
    """
    if kept.stage != wanted.stage:
        why = _WHY.get(wanted.stage, 'its trunk trains behind that')
        yield (
            f'stage: the features were taken at {kept.stage} and this config needs '
            f'them at {wanted.stage}, since {why}'
        )
    elif kept.weights != wanted.weights:
        yield (
            f'weights: those of the backbone have the checksum {wanted.weights}, the '
            f'features were computed with {kept.weights}'
        )
    if kept.preprocessor != wanted.preprocessor:
        yield (
            f'data_preprocessor: {kept.preprocessor} there, {wanted.preprocessor} here'
        )
    for split, pictures in wanted.pictures.items():
        yield from other_pictures(split, kept.pictures.get(split), pictures, whole)
    for name, array in wanted.arrays.items():
        there = kept.arrays.get(name)
        if there is None:
            yield f'lists: the features have no {name}'
        else:
            yield from other_pipeline(name, there.pipeline, array.pipeline)
            if whole and there.views != array.views:
                yield f'views of {name}: {there.views} there, {array.views} wanted'
    if whole and kept.seed != wanted.seed:
        yield f'seed: {kept.seed} there, {wanted.seed} wanted'
    if whole and set(kept.arrays) - set(wanted.arrays):
        more = set(kept.arrays) - set(wanted.arrays)
        yield f'arrays: {", ".join(sorted(more))} there, and not wanted'
