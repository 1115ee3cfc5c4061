"""Why what is kept of pictures is not what is wanted."""

from collections.abc import Iterator, Mapping, Sequence

from .folder import as_data
from .lists import UNKNOWN


def other_pictures(
    split: str, kept: Mapping[str, int] | None, wanted: Mapping[str, int], whole: bool
) -> Iterator[str]:
    """Yield how the pictures of a split, with their bytes, are others than those kept.

    Args:
        split: Its name.
        kept: What a folder has; None where it has no such split.
        wanted: What a config has.
        whole: Whether all must be the same; else what is wanted must be among the kept.
    """
    if kept is None:
        yield f'lists: there is no {split}'
        return
    lacking = [path for path in wanted if path not in kept]
    if lacking:
        yield (
            f'lists: {len(lacking)} of {len(wanted)} pictures of {split} are not '
            f'there: {first(lacking)}'
        )
    more = [path for path in kept if path not in wanted]
    if whole and more:
        yield f'lists: {len(more)} pictures of {split} are no more: {first(more)}'
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
            f'{first(changed)}'
        )


def other_pipeline(
    name: str, kept: Sequence[dict], wanted: Sequence[dict] | None
) -> Iterator[str]:
    """Yield the first step in which a pipeline is another than the one kept.

    Args:
        name: Of what it makes.
        kept: Its steps then.
        wanted: Its steps in a config; None where that has none to compare with.
    """
    if wanted is None:
        yield (
            f'pipeline of {name}: this config has no val or test pipeline, by which '
            'these views are made; give it a val_dataloader or test_dataloader (and '
            'train without --no-validate)'
        )
        return
    kept, wanted = as_data(kept), as_data(wanted)
    if kept == wanted:
        return
    pairs = enumerate(zip(kept, wanted, strict=False))
    step = next((i for i, (a, b) in pairs if a != b), min(len(kept), len(wanted)))
    shown = (str(p[step]) if step < len(p) else 'nothing' for p in (kept, wanted))
    there, here = shown
    yield f'pipeline of {name}, step {step}: {there} there, {here} here'


def first(paths: Sequence[str]) -> str:
    """Return the first of some paths, and whether there are more."""
    return paths[0] + (', ...' if len(paths) > 1 else '')
