"""The part of a comparison's page about what training knew of the labels."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mvlr_mm.markdown_table import escaped_name, markdown_table

from .new_names import APART, TOGETHER
from .pages import spread_text
from .summary import spread

NUMBERS = (
    'unseen mAP',
    'seen mAP',
    'harmonic mAP',
    'mAP',
    'unseen F1@3',
    'F1@3',
)


def labels_section(content: Mapping[str, Any]) -> str:
    """Return the lines about what training knew; nothing where it was everything.

    Args:
        content: What the json holds.
    """
    supervision = content['supervision']
    if 'known' in supervision:
        return '\n## Labels known\n\n' + known_text(supervision) + '\n'
    held_out = supervision.get('unseen')
    if not held_out:
        return ''
    lines = [
        '',
        '## Names held out',
        '',
        f'Trained and tuned on {len(supervision["seen"])} names. Not '
        f'trained: {", ".join(held_out)}. mAP and F1@3 (the overall F1 of the three '
        'highest scores) are of all names together, harmonic mAP is the harmonic mean '
        'of unseen and seen.',
        '',
        names_table(content['rows']),
    ]
    return '\n'.join(lines) + '\n'


def known_text(supervision: Mapping[str, Any]) -> str:
    """Return a sentence about partial labels.

    Args:
        supervision: Of the json.
    """
    share = supervision['known']
    kept = (
        f'{100 * share:g} % of the labels of the training pictures'
        if isinstance(share, float)
        else 'One of the labels that are there, for each training picture,'
    )
    rest = {
        'unknown': 'are left out of all losses',
        'absent': 'count as absent ("assume negative")',
    }[supervision['rest']]
    return (
        f'{kept}, drawn by the seed {supervision["seed"]}. The others {rest}. Val and '
        'test have all labels.'
    )


def names_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the numbers of seen and unseen names, a line for each way of asking."""
    body = [
        [escaped_name(row['name']), way, *map(spread_text, numbers)]
        for row in rows
        for way, numbers in _ways(list(row['seeds'].values()))
    ]
    return markdown_table(['row', 'new names', *NUMBERS], body)


def _ways(seeds: Sequence[Mapping[str, float]]) -> Iterator[tuple[str, list[Any]]]:
    """Yield the ways of asking, and what each gives over the seeds."""
    prefix = f'{TOGETHER}: '
    both = bool(seeds) and f'{prefix}{NUMBERS[0]}' in seeds[0]
    ways = [(APART, ''), (TOGETHER, prefix)] if both else [(TOGETHER, '')]
    for way, start in ways:
        values = ([seed[start + number] for seed in seeds] for number in NUMBERS)
        yield way, [spread(each)._asdict() if each else None for each in values]
