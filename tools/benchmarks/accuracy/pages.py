"""A comparison in Markdown and csv."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mvlr_mm.markdown_table import escaped_name, markdown_table
from mvlr_mm.paper import METRICS

from .plan import NOTHING, Setting
from .summary import LEVEL
from .tuning import ends_of_the_search

Rows = Sequence[Mapping[str, Any]]


def page(content: Mapping[str, Any], pictures: Sequence[str]) -> str:
    """Return the page of a comparison.

    Args:
        content: What the json holds.
        pictures: Files of pictures beside the page.
    """
    data, rows = content['data'], content['rows']
    sizes = ', '.join(f'{data[k]} {k}' for k in data if k != 'name')
    machine = content['machine']
    versions = ', '.join(f'{k} {v}' for k, v in machine['versions'].items())
    lines = [
        f'# Accuracy: {data["name"]}',
        '',
        f'`{content["command"]}`',
        '',
        f'{sizes or "no run is done yet"}. {content["budget"]} epochs, seeds '
        f'{", ".join(map(str, content["seeds"]))}. Test numbers of the averaged '
        'weights of the last epoch, in percent, mean ± standard deviation over the '
        'seeds.',
        '',
        f'{machine["cpu"]} ({machine["cores"]} cores), {machine["gpu"] or "no GPU"}; '
        f'{machine["threads"]} threads; {versions}.',
        '',
        results_table(rows, content['reference']),
        '',
        f'Above {content["reference"]}: the mean of the differences seed by seed, with '
        f"Student's t interval, {100 * LEVEL:.0f} %.",
        '',
        *(f'![{file}]({file})' for file in pictures),
        '',
        '## Tuned on val',
        '',
        tuning_table(rows),
        '',
        *_tuning_notes(content),
        '',
        '## Cost',
        '',
        'Of one picture; without the text tower, which runs once for all pictures. '
        'Products are multiply-adds, as `tools/analysis/complexity.py` counts them; '
        'the time is of one picture alone, in turns with the reference.',
        '',
        cost_table(rows, content['reference']),
        '',
        *_differing(rows, content['reference']),
    ]
    return '\n'.join(lines).rstrip() + '\n'


def results_table(rows: Rows, reference: str) -> str:
    """Return the test numbers of every row; a row without runs stays empty."""
    above = f'mAP above {escaped_name(reference)}'
    header = ['row', 'seeds', *METRICS, above, 'seed by seed']
    body = []
    for row in rows:
        metrics = [spread_text(row['spread'].get(metric)) for metric in METRICS]
        cells = ['', '']
        if row['above'] and row['name'] != reference:
            cells = [_interval(row['above']), _by_seed(row['above'])]
        seeds = str(len(row['seeds']) or '')
        body.append([escaped_name(row['name']), seeds, *metrics, *cells])
    return markdown_table(header, body)


def tuning_table(rows: Rows) -> str:
    """Return what each row trains with, and the val mAP of its tries."""
    header = ['row', 'learning rate', 'weight decay', 'tries: rate, decay: val mAP']
    body = []
    for row in rows:
        setting = row['setting'] or {'lr': None, 'weight_decay': None}
        tries = '; '.join(
            f'{t["lr"]:g}, {t["weight_decay"]:g}: {_number(t["val mAP"], "failed")}'
            for t in row['tries']
        )
        if row['tuned_as']:
            tries = f'as {escaped_name(row["tuned_as"])}'
        values = (_general(setting[key]) for key in ('lr', 'weight_decay'))
        body.append([escaped_name(row['name']), *values, tries])
    return markdown_table(header, body)


def cost_table(rows: Rows, reference: str) -> str:
    """Return what each row costs."""
    header = [
        *('row', 'parameters, M', 'of these trained, M', 'products, G', 'ms'),
        f'{escaped_name(reference)}, ms',
        's a training',
    ]
    body = []
    for row in rows:
        cost, seconds = row['cost'], row['seconds']
        cells = [''] * 4
        if cost:
            cells = [f'{cost["parameters"] / 1e6:.2f}']
            cells += [f'{cost["multiply_adds"] / 1e9:.2f}']
            cells += [f'{cost[key]:.1f}' for key in ('ms', 'reference_ms')]
        trained = '' if row['trained'] is None else f'{row["trained"] / 1e6:.3f}'
        cells.insert(1, trained)
        mean = f'{sum(seconds) / len(seconds):.0f}' if seconds else ''
        body.append([escaped_name(row['name']), *cells, mean])
    return markdown_table(header, body)


def csv_text(rows: Rows) -> str:
    """Return a line for each run that counts."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator='\n')
    cost = ('parameters', 'multiply_adds', 'ms')
    head = ['row', 'config', 'seed', *METRICS, 'lr', 'weight_decay', *cost, 'trained']
    writer.writerow(head)
    for row in rows:
        costs = row['cost'] or dict.fromkeys(cost)
        for seed, numbers in row['seeds'].items():
            cells = [row['name'], row['config'], seed]
            cells += [numbers[metric] for metric in METRICS]
            cells += [*row['setting'].values(), *(costs[key] for key in cost)]
            writer.writerow([*cells, row['trained']])
    return file.getvalue()


def _tuning_notes(content: Mapping[str, Any]) -> Iterator[str]:
    rates, decays = content['rates'], content['decays']
    if not content['tries']:
        yield 'Nothing was tuned: one rate and one decay were given.'
        return
    others = ', '.join(map(_general, decays[1:])) or 'of no other'
    yield (
        f'{content["tries"]} tries for each system: the rates '
        f'{", ".join(map(_general, rates))} with the decay {decays[0]:g}, then the '
        f'best with the decays {others}; one seed, which is none of those above.'
    )
    ends = [
        row['name']
        for row in content['rows']
        if row['setting']
        and not row['tuned_as']
        and ends_of_the_search(row['setting']['lr'], rates)
    ]
    untrained = [row['name'] for row in content['rows'] if _untrained(row)]
    if untrained:
        yield f'Without training, so nothing to tune: {_names(untrained)}.'
    if ends:
        yield f'The best rate is the lowest or highest that was tried: {_names(ends)}.'


def _differing(rows: Rows, reference: str) -> Iterator[str]:
    found = [row for row in rows if row['differs']]
    if found:
        yield '## Not the same for all'
        yield ''
    for row in found:
        keys = ', '.join(f'`{key}`' for key in row['differs'])
        yield f'- {escaped_name(row["name"])} differs from {reference} in {keys}.'


def _untrained(row: Mapping[str, Any]) -> bool:
    return bool(row['setting']) and Setting(**row['setting']) == NOTHING


def _names(names: Sequence[str]) -> str:
    return ', '.join(map(escaped_name, names))


def spread_text(value: Mapping[str, float | None] | None) -> str:
    """Return a mean and its deviation; nothing for None."""
    if value is None:
        return ''
    text = f'{value["mean"]:.2f}'
    deviation = value['deviation']
    return text if deviation is None else f'{text} ± {deviation:.2f}'


def _interval(above: Mapping[str, Any]) -> str:
    text = f'{above["mean"]:+.2f}'
    if above['low'] is None:
        return text
    return f'{text} ({above["low"]:+.2f} to {above["high"]:+.2f})'


def _by_seed(above: Mapping[str, Any]) -> str:
    return ', '.join(f'{value:+.2f}' for value in above['by_seed'].values())


def _number(value: float | None, without: str) -> str:
    return without if value is None else f'{value:.2f}'


def _general(value: float | None) -> str:
    return '' if value is None else f'{value:g}'
