"""Why features that are kept may not be those that are wanted."""

from collections.abc import Iterator, Mapping, Sequence

from .frozen_part import PATCHES, TRUNK
from .index import UNKNOWN, Index


def differences(kept: Index, wanted: Index, whole: bool) -> Iterator[str]:
    """Yield the reasons why kept features are not those that are wanted.

    Args:
        kept: Of a folder.
        wanted: Of a config; without the arrays that are not needed.
        whole: Whether all must be the same; else what is wanted must be among the kept.
    """
    if kept.stage != wanted.stage and (whole or kept.stage == PATCHES):
        yield (
            f'projection: the features were taken at the {kept.stage} and this config '
            f'needs them at the {wanted.stage}, since its projection '
            f'{"trains" if wanted.stage == TRUNK else "is frozen"}'
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
        yield from _other_pictures(split, kept.pictures.get(split), pictures, whole)
    for name, array in wanted.arrays.items():
        there = kept.arrays.get(name)
        if there is None:
            yield f'lists: the features have no {name}'
        else:
            yield from _other_pipeline(name, there.pipeline, array.pipeline)
            if whole and there.views != array.views:
                yield f'views of {name}: {there.views} there, {array.views} wanted'
    if whole and kept.seed != wanted.seed:
        yield f'seed: {kept.seed} there, {wanted.seed} wanted'
    if whole and set(kept.arrays) - set(wanted.arrays):
        more = set(kept.arrays) - set(wanted.arrays)
        yield f'arrays: {", ".join(sorted(more))} there, and not wanted'


def _other_pictures(
    split: str, kept: Mapping[str, int] | None, wanted: Mapping[str, int], whole: bool
) -> Iterator[str]:
    if kept is None:
        yield f'lists: the features have no {split}'
        return
    lacking = [path for path in wanted if path not in kept]
    if lacking:
        yield (
            f'lists: {len(lacking)} of {len(wanted)} pictures of {split} are not '
            f'there: {_first(lacking)}'
        )
    more = [path for path in kept if path not in wanted]
    if whole and more:
        yield f'lists: {len(more)} pictures of {split} are no more: {_first(more)}'
    if whole and not more and not lacking and list(kept) != list(wanted):
        yield f'lists: the pictures of {split} are in another order'
    changed = [
        path
        for path, size in wanted.items()
        if UNKNOWN not in (size, kept.get(path, UNKNOWN)) and kept[path] != size
    ]
    if changed:
        yield (
            f'pictures: {len(changed)} files of {split} have another size: '
            f'{_first(changed)}'
        )


def _other_pipeline(
    name: str, kept: Sequence[dict], wanted: Sequence[dict]
) -> Iterator[str]:
    if kept == wanted:
        return
    pairs = enumerate(zip(kept, wanted, strict=False))
    step = next((i for i, (a, b) in pairs if a != b), min(len(kept), len(wanted)))
    shown = (str(p[step]) if step < len(p) else 'nothing' for p in (kept, wanted))
    there, here = shown
    yield f'pipeline of {name}, step {step}: {there} there, {here} here'


def _first(paths: Sequence[str]) -> str:
    return paths[0] + (', ...' if len(paths) > 1 else '')
