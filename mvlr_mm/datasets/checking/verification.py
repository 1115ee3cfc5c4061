"""Everything that can be wrong with the data of a config, before training on it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from .picture_check import Inspection, inspect_pictures
from .splits import Split


class Problem(NamedTuple):
    """One thing to mend."""

    kind: str  # annotation, picture, duplicate or shared
    text: str


class Verified(NamedTuple):
    """What was found in the data of a config."""

    problems: list[Problem]
    notes: list[str]  # what was understood one way, and could be meant another


# As rich.progress.track: takes the items and their number, yields them.
Track = Callable[[Iterable[Inspection], int], Iterable[Inspection]]


def verify(
    splits: Sequence[Split],
    workers: int | None = None,
    track: Track = lambda items, _: items,
) -> Verified:
    """Load every picture as a training does, and return all problems.

    - ``annotation``: what the data sets reported, and splits with other classes;
    - ``picture``: a file that is missing or cannot be decoded in full;
    - ``duplicate``: files of one split with the same content;
    - ``shared``: files with the same content in more than one split.

    Args:
        splits: What :func:`~mvlr_mm.datasets.checking.splits.read_splits` returns.
        workers: Processes that open pictures; None takes all cores.
        track: Shows progress.
    """
    problems = [
        Problem('annotation', f'{split.name}: {text}')
        for split in splits
        for text in split.problems
    ]
    problems += _other_classes(splits)
    loaders = {
        path: loader
        for split in splits
        for path, loader in zip(split.paths, split.loaders, strict=True)
    }
    found = inspect_pictures(list(loaders), list(loaders.values()), workers)
    inspections = dict(zip(loaders, track(found, len(loaders)), strict=True))
    for split in splits:
        for path in dict.fromkeys(split.paths):
            if inspections[path].problem:
                text = f'{split.name}: {path} {inspections[path].problem}.'
                problems.append(Problem('picture', text))
    problems += _same_content(splits, inspections)
    notes = [f'{split.name}: {text}' for split in splits for text in split.notes]
    return Verified(problems, notes + _deep_pictures(splits, inspections))


def _deep_pictures(
    splits: Sequence[Split], inspections: dict[str, Inspection]
) -> list[str]:
    """Return how the pictures of each split that store 16 bits are read."""
    notes = []
    for split in splits:
        counts = Counter(
            getattr(loader, 'bits', None) or inspections[path].bits
            for path, loader in zip(split.paths, split.loaders, strict=True)
            if inspections[path].bits
        )
        if not counts:
            continue
        read = ', '.join(f'{counts[bits]} as {bits} bits' for bits in sorted(counts))
        mixed = (
            ', which scales their brightness differently: LoadPicture(bits='
            f'{max(counts)}) takes one scale for all'
        )
        end = mixed if len(counts) > 1 else ''
        notes.append(f'{split.name}: 16-bit pictures are read: {read}{end}.')
    return notes


def _other_classes(splits: Sequence[Split]) -> list[Problem]:
    readable = [split for split in splits if split.classes]
    return [
        Problem(
            'annotation',
            f'{split.name}: its {len(split.classes)} classes are not the '
            f'{len(readable[0].classes)} of {readable[0].name}, or in another order.',
        )
        for split in readable[1:]
        if split.classes != readable[0].classes
    ]


def _same_content(
    splits: Sequence[Split], inspections: dict[str, Inspection]
) -> list[Problem]:
    """Return a problem for each group of records with the same bytes."""
    # an empty or missing file has been reported, and says nothing about the picture
    groups: dict[str, dict[tuple[int, str], bytes]] = defaultdict(dict)
    for number, split in enumerate(splits):
        for path, states in zip(split.paths, split.states, strict=True):
            digest, problem, _ = inspections[path]
            if digest is not None and problem is None:
                groups[digest][number, path] = states.tobytes()
    problems = []
    for members in groups.values():
        if len(members) < 2:
            continue
        names = ', '.join(f'{splits[number].name} {path}' for number, path in members)
        differ = len(set(members.values())) > 1
        end = 'and their labels differ' if differ else 'with the same labels'
        shared = len({number for number, _ in members}) > 1
        kind = 'shared' if shared else 'duplicate'
        problems.append(Problem(kind, f'the same picture, {end}: {names}.'))
    return problems


def count_problems(problems: Sequence[Problem]) -> dict[str, int]:
    """Return the number of problems of each kind that occurs."""
    return dict(Counter(problem.kind for problem in problems))
