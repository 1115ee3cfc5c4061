"""Enter what was measured into the pages and metafiles of the configs.

    python tools/analysis/config_results.py

The tables of `docs/benchmarks/accuracy_*.md` that stand on the small CLIP are read; a
system's page gets a table with a row for each of its configs and one for MVLR, its
`metafile.yml` the results. Nothing else of either file changes.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
SUFFIX = '_custom_small-clip'
REFERENCE = 'mvlr'
METRICS = ('mAP', 'CF1', 'OF1')
# Title in one of the pages: how the column and the data set are called.
SECTIONS = {
    'coco18, the tower frozen': 'coco18, the CLIP frozen',
    'ucm17, the tower frozen': 'ucm17, the CLIP frozen',
    "coco18, the trunk's last blocks training": (
        "coco18, the CLIP's last blocks training"
    ),
    "ucm17, the trunk's last blocks training": (
        "ucm17, the CLIP's last blocks training"
    ),
}
START = 'Measured here, mAP on test'
INTRODUCTION = f"""\
{START}: the averaged weights, mean and spread over three or five seeds, each tuned
on val, with a small CLIP; `coco18` are everyday photos, `ucm17` aerial ones
([how, and all other numbers](../../docs/benchmarks/accuracy.md)):
"""
TABLE = re.compile(rf'^\n{START}(?:.+\n)+\n(?:\|.*\n)+', re.MULTILINE)
COMMANDS = re.compile(r'^```bash\n.*?^```\n', re.MULTILINE | re.DOTALL)
SYSTEMS = re.compile(r'^\| system (?:.*\n)(?:\|.*\n)+', re.MULTILINE)
CONFIGS = re.compile(r'^(?:\|.*\n)+', re.MULTILINE)
MODEL = re.compile(r'^  - Name: (\S+)\n(?:    .*\n)*', re.MULTILINE)
RESULTS = re.compile(r'^    Results:\n(?:      .*\n)*', re.MULTILINE)

Measured = dict[str, dict[str, dict[str, str]]]


def read_measured(pages: list[str]) -> Measured:
    """Return what pages say of the small CLIP's configs.

    Args:
        pages: The texts of `accuracy_*.md`.

    Returns:
        By config, by data set, by metric: the cell of the table, mean and spread.

    Raises:
        ValueError: A section is missing, or has no table.
    """
    measured: Measured = {}
    parts = dict(
        part.split('\n', 1) for page in pages for part in page.split('\n## ')[1:]
    )
    for title, data_set in SECTIONS.items():
        if title not in parts:
            raise ValueError(f'No accuracy_*.md has a section "{title}".')
        rows = list(read_rows(parts[title]))
        if not rows:
            raise ValueError(f'"{title}" has no table whose first column is "system".')
        for name, cells in rows:
            measured.setdefault(name + SUFFIX, {})[data_set] = cells
    return measured


def read_rows(section: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the systems of a section's first table, and the cells of the metrics."""
    table = SYSTEMS.search(section)
    lines = table.group().splitlines() if table else ['']
    header, *rows = ([c.strip() for c in line.strip('|').split('|')] for line in lines)
    for name, *cells in rows[1:]:
        row = dict(zip(header[1:], cells, strict=True))
        if not re.match(r'\d+:', name):  # rows of the paper's tables are no configs
            yield name.replace('\\', ''), {metric: row[metric] for metric in METRICS}


def enter_in_page(text: str, configs: list[str], measured: Measured) -> str:
    """Return a system's page with a table of what its configs reached.

    It stands behind the commands, or the list of configs where there are none.
    """
    text = TABLE.sub('', text)
    names = [name for name in configs if name in measured]
    if not names:
        return text
    reference = REFERENCE + SUFFIX
    names += [] if reference in names else [reference]
    columns = list(SECTIONS.values())
    table = [['', *columns], ['---', *['---:'] * len(columns)]]
    for name in names:
        cells = (measured[name].get(column, {}).get('mAP', '') for column in columns)
        table.append([name.removesuffix(SUFFIX).replace('_', r'\_'), *cells])
    lines = '\n'.join(f'| {" | ".join(row)} |' for row in table)
    before = list(COMMANDS.finditer(text)) or [CONFIGS.search(text)]
    end = before[-1].end()
    return f'{text[:end]}\n{INTRODUCTION}\n{lines}\n{text[end:]}'


def enter_in_metafile(text: str, measured: Measured) -> str:
    """Return a metafile whose models have what was measured, and nothing else."""

    def enter(match: re.Match) -> str:
        model = RESULTS.sub('', match.group())
        results = [
            {
                'Task': 'Multi-Label Classification',
                'Dataset': data_set,
                'Metrics': {name: float(cell.split()[0]) for name, cell in row.items()},
            }
            for data_set, row in measured.get(match.group(1), {}).items()
        ]
        if not results:
            return model
        lines = yaml.safe_dump({'Results': results}, sort_keys=False).splitlines()
        return model + ''.join(
            f'    {"  " if number else ""}{line}\n' for number, line in enumerate(lines)
        )

    return MODEL.sub(enter, text)


def entered(root: Path) -> dict[Path, str]:
    """Return the texts of all pages and metafiles with what was measured."""
    pages = sorted(root.glob('docs/benchmarks/accuracy_*.md'))
    measured = read_measured([page.read_text(encoding='utf-8') for page in pages])
    texts = {}
    for metafile in sorted(root.glob('configs/[!_]*/metafile.yml')):
        folder = metafile.parent
        text = metafile.read_text(encoding='utf-8')
        texts[metafile] = enter_in_metafile(text, measured)
        configs = [model['Name'] for model in yaml.safe_load(text)['Models']]
        readme = folder / 'README.md'
        text = readme.read_text(encoding='utf-8')
        texts[readme] = enter_in_page(text, configs, measured)
    return texts


def main() -> None:
    """Write the files that change, and say which."""
    for path, text in entered(ROOT).items():
        if path.read_text(encoding='utf-8') != text:
            path.write_text(text, encoding='utf-8')
            print(path.relative_to(ROOT))


if __name__ == '__main__':
    main()
