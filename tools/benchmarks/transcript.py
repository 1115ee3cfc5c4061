#!/usr/bin/env python
"""Run the commands of a guide on real pictures, as a stranger would, and time each.

    python tools/benchmarks/transcript.py DATA ... --work FOLDER --clip CLIP.json

A DATA folder has `classes.json`, `{train,val,test}.jsonl` and `images/`, as for
`mvlr_custom.py`. Of the lists a csv is made in the work folder; pictures are linked,
not copied, and the test pictures are the new ones that get tags. The page of `mvlr
demo` has to tag a picture; `mvlr tag` is killed in between and has to go on without a
picture twice or lost. The table of minutes goes into the guide.
"""

import argparse
import csv
import importlib
import json
import re
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / 'docs/guides/ten_minutes.md'
MINUTES = re.compile(r'(?<=<!-- minutes -->\n).*(?=<!-- end of minutes -->)', re.S)
SPLITS = ('train', 'val', 'test')


def read_commands(guide: Path) -> list[list[str]]:
    """Return the words of each command of the guide's first shell block."""
    block = re.search(r'```bash\n(.*?)```', guide.read_text(encoding='utf-8'), re.S)
    lines = block[1].splitlines()
    return [shlex.split(line, comments=True) for line in lines]


def lay_out(data: Path, folder: Path) -> int:
    """Make `my_pictures` with a csv, and `new_photos`, of links to pictures.

    Args:
        data: Lists, names and pictures.
        folder: Where to make them.

    Returns:
        The number of new photos.
    """
    names = json.loads((data / 'classes.json').read_text())
    source, photos = folder / 'my_pictures', folder / 'new_photos'
    for made in (source, photos):
        made.mkdir(parents=True)
    (source / 'images').symlink_to((data / 'images').resolve())
    with open(source / 'labels.csv', 'w', newline='') as file:
        rows = csv.writer(file)
        rows.writerow(['image', 'labels', 'split'])
        for split in SPLITS:
            for line in (data / f'{split}.jsonl').read_text().splitlines():
                record = json.loads(line)
                labels = ';'.join(names[i] for i in record['labels'])
                rows.writerow([f'images/{record["image"]}', labels, split])
                if split == 'test':
                    link = photos / record['image']
                    link.symlink_to((data / 'images' / record['image']).resolve())
    return len(list(photos.iterdir()))


def go_through(
    commands: Sequence[Sequence[str]], folder: Path, log: Path
) -> dict[str, float]:
    """Run commands one after the other.

    Args:
        commands: The words of each: `cd` and `mvlr`.
        folder: Where to begin.
        log: For what they say.

    Returns:
        Seconds for each word of `mvlr`.
    """
    sys.path.insert(0, str(ROOT / 'tools'))
    steps = importlib.import_module('benchmarks.transcript_steps')
    seconds = {}
    for program, *words in commands:
        if program == 'cd':
            folder = folder / words[0]
            continue
        with open(log, 'a') as file:
            file.write(f'$ mvlr {shlex.join(words)}\n')
        began = time.monotonic()
        steps.PROGRAMS.get(words[0], steps.run)(words, folder, log)
        seconds[words[0]] = time.monotonic() - began
        print(f'{words[0]}: {seconds[words[0]]:.1f} s', flush=True)
    return seconds


def table_of(columns: dict[str, dict[str, float]]) -> str:
    """Return minutes by step, a column for each set of pictures, as markdown."""
    steps = list(next(iter(columns.values())))
    lines = [f'| step | {" | ".join(columns)} |', '|---|' + '---:|' * len(columns)]
    for step in steps:
        minutes = [f'{times[step] / 60:.1f}' for times in columns.values()]
        lines.append(f'| `{step}` | {" | ".join(minutes)} |')
    total = [f'{sum(times.values()) / 60:.1f}' for times in columns.values()]
    return '\n'.join([*lines, f'| together | {" | ".join(total)} |', ''])


def title_of(data: Path) -> str:
    """Return what a column is about: the folder, its pictures and labels."""
    counts = [len((data / f'{s}.jsonl').read_text().splitlines()) for s in SPLITS]
    labels = len(json.loads((data / 'classes.json').read_text()))
    return f'{data.name}: {" + ".join(map(str, counts))} pictures, {labels} labels'


def main(argv: Sequence[str] | None = None) -> None:
    """Run all, and write the table.

    Args:
        argv: The command line; that of this process by default.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add('data', nargs='+', type=Path, help='folder of lists and pictures')
    add('--work', type=Path, required=True, help='new folder for all that is made')
    add('--clip', help='of `mvlr init --backbone`')
    add('--guide', type=Path, default=GUIDE, help='with the commands and the table')
    add(
        '--add',
        action='append',
        default=[],
        metavar='"WORD OPTION ..."',
        help='options to add to a command',
    )
    args = parser.parse_args(argv)
    added = [shlex.split(text) for text in args.add]
    added += [['init', '--backbone', args.clip]] if args.clip else []
    commands = read_commands(args.guide)
    for word, *options in added:
        for command in commands:
            command += options if command[1] == word else []
    columns = {}
    for data in args.data:
        folder = args.work.resolve() / data.name
        lay_out(data, folder)
        title = title_of(data)
        print(title)
        columns[title] = go_through(commands, folder, folder / 'transcript.log')
    table = table_of(columns)
    text = args.guide.read_text(encoding='utf-8')
    args.guide.write_text(MINUTES.sub(lambda _: table, text), encoding='utf-8')
    print(table)


if __name__ == '__main__':
    main()
