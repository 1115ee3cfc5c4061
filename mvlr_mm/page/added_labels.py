"""Labels that a person adds by name, on the page."""

from collections.abc import Sequence

from ..labels.names import as_tower_reads

MOST, LONGEST = 30, 80


def read_added(text: str | None, own: Sequence[str]) -> tuple[str, ...]:
    """Return the labels of a line that the model does not have.

    Args:
        text: Names with commas between.
        own: The labels that the model was trained on. Those, and what is the same to a
            text tower, are left out.

    Raises:
        ValueError: There are too many, or one is too long.
    """
    known = {as_tower_reads(name) for name in own}
    found: dict[str, str] = {}
    for name in (text or '').split(','):
        name = ' '.join(name.split())
        same = as_tower_reads(name)
        if same and same not in known:
            found.setdefault(same, name)
        if len(name) > LONGEST:
            raise ValueError(
                f'{name[:20]}... has {len(name)} letters; a label may have {LONGEST}.'
            )
    if len(found) > MOST:
        raise ValueError(
            f'{len(found)} labels are added, and {MOST} can be at a time; '
            '`mvlr infer --classes FILE` takes more.'
        )
    return tuple(found.values())
