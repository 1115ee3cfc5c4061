"""Comparisons of the same systems side by side, such as over the labels known.

A line for each row, a column for each folder of results: mean and standard deviation
over the seeds. Where the folders differ in the share of labels known, a picture too.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mvlr_mm.markdown_table import escaped_name, markdown_table
from mvlr_mm.paper.measured import RESULTS
from mvlr_mm.visualization.plot_text import plain_text, plot_names
from mvlr_stack.arguments import add_overwrite
from mvlr_stack.outputs import check_output, whole_file, write_text

from .pages import spread_text
from .summary import Spread, spread

Contents = Mapping[str, Mapping[str, Any]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add('folders', nargs='+', type=Path, metavar='DIR', help='--out of a comparison')
    add('--number', default='mAP', help="of a test, such as 'unseen mAP'")
    add('--out', type=Path, metavar='FILE', help='.md; .png lies beside it')
    add_overwrite(parser)


def run(args: argparse.Namespace) -> int:
    """Print the table, and write it.

    Args:
        args: Of the command line.

    Returns:
        The exit status.

    Raises:
        FileNotFoundError: A folder has no results.
        ValueError: No run has the number, two folders would have one name, or the
            picture would replace the table.
        FileExistsError: There is such a file.
    """
    if args.out and args.out.suffix == '.png':
        raise ValueError(
            f'--out {args.out} is where the picture would be; name a .md file, beside '
            'which it lies.'
        )
    contents = read_results(args.folders)
    numbers = numbers_of(contents, args.number)
    table = table_of(numbers, list(contents))
    print(table)
    if args.out is None:
        return 0
    picture = args.out.with_suffix('.png')
    for path in (args.out, picture):
        check_output('--out', path, args.overwrite)
    write_text(args.out, f'Test {args.number}, %.\n\n{table}\n')
    shares = [share_of(content) for content in contents.values()]
    ways = {rest_of(content) for content in contents.values()} - {None}
    apart = len(set(shares)) == len(shares) > 1 and len(ways) <= 1
    if apart and None not in shares:  # a line is of one way to take the others
        draw(picture, numbers, dict(zip(contents, shares, strict=True)), args.number)
    return 0


def read_results(folders: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Return what the json of each folder holds, by the head of its column.

    Raises:
        FileNotFoundError: A folder has no results.
        ValueError: Two folders would have one head.
    """
    found: dict[str, dict[str, Any]] = {}
    for folder in folders:
        path = folder / RESULTS
        if not path.is_file():
            raise FileNotFoundError(
                f'{folder}: there is no {RESULTS}; it must be the --out of a '
                'comparison of which a run has ended.'
            )
        content = json.loads(path.read_text(encoding='utf-8'))
        share = share_of(content)
        head = folder.resolve().name if share is None else f'{100 * share:g} %'
        if share is not None and rest_of(content) == 'absent':
            head += ', others absent'
        if head in found:
            raise ValueError(f'{folder}: another folder is {head} as well; name one.')
        found[head] = content
    return found


def share_of(content: Mapping[str, Any]) -> float | None:
    """Return which share of the labels training knew; None where it is no share."""
    supervision = content.get('supervision') or {'known': 1.0}
    known = supervision.get('known')
    return known if isinstance(known, float) else None


def rest_of(content: Mapping[str, Any]) -> str | None:
    """Return what training took the labels for that it did not know."""
    return (content.get('supervision') or {}).get('rest')


def numbers_of(contents: Contents, number: str) -> dict[str, dict[str, Spread]]:
    """Return a number of every row, by the heads of the folders that have it.

    Raises:
        ValueError: No run has it.
    """
    found: dict[str, dict[str, Spread]] = {}
    for head, content in contents.items():
        for row in content['rows']:
            of_row = found.setdefault(row['name'], {})
            values = [run[number] for run in row['seeds'].values() if number in run]
            if values:
                of_row[head] = spread(values)
    if not any(found.values()):
        raise ValueError(f'--number {number!r}: no run in these folders has it.')
    return found


def table_of(numbers: Mapping[str, Mapping[str, Spread]], heads: Sequence[str]) -> str:
    """Return the table; what no run has filled stays empty."""
    body = []
    for name, of_row in numbers.items():
        cells = (of_row[head]._asdict() if head in of_row else None for head in heads)
        body.append([escaped_name(name), *map(spread_text, cells)])
    return markdown_table(['row', *map(escaped_name, heads)], body)


def draw(
    path: Path,
    numbers: Mapping[str, Mapping[str, Spread]],
    shares: Mapping[str, float],
    number: str,
) -> None:
    """Draw a line for each row over the share of labels known."""
    from matplotlib.figure import Figure

    names = plot_names(list(numbers))
    with plain_text(names):
        figure = Figure(figsize=(9, 6), layout='constrained')
        axes = figure.subplots()
        for i, (name, of_row) in enumerate(zip(names, numbers.values(), strict=True)):
            heads = sorted(of_row, key=shares.__getitem__)
            axes.errorbar(
                [100 * shares[head] for head in heads],
                [of_row[head].mean for head in heads],
                yerr=[of_row[head].deviation or 0 for head in heads],
                marker='o^sD'[i // 10 % 4],  # there are ten colours
                capsize=3,
                label=name,
            )
        axes.set(xlabel='labels known, %', ylabel=f'test {number}, %')
        axes.grid(alpha=0.3)
        axes.legend(fontsize=7, loc='center left', bbox_to_anchor=(1, 0.5))
        with whole_file(path) as draft:
            figure.savefig(draft, dpi=120)
