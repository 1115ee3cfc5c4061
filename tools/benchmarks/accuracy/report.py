"""The files that a comparison leaves, written anew as its runs end."""

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mvlr_mm.paper.measured import RESULTS
from mvlr_stack.outputs import write_text

from ..speed.report import machine
from .comparison import Comparison
from .content import data_content, rows_content
from .costs import Cost
from .figures import draw_accuracy, draw_learning
from .labels_page import labels_section
from .pages import csv_text, page
from .plan import Run
from .training import scalars_of
from .tuning import number_of_tries

PICTURE = 'accuracy.png'


class Report:
    """The json, the page, the csv and the pictures of a comparison.

    Args:
        comparison: With its results so far, whenever something is written.
        reference: Name of the row that the others are compared with.
        base: Config of the paper's rows.
        costs: By name of the row.
        differences: What each row has otherwise than the reference.
    """

    def __init__(
        self,
        comparison: Comparison,
        reference: str,
        base: str,
        costs: Mapping[str, Cost],
        differences: Mapping[str, list[str]],
    ) -> None:
        self.comparison, self.folder = comparison, comparison.plan.out
        self._of_rows = (reference, costs, differences)
        self._fixed = {
            'command': shlex.join(['python', 'tools/benchmark.py', *sys.argv[1:]]),
            'machine': machine(),
            'base': base,
            'reference': reference,
            **comparison.plan.shared(),
            'seeds': list(comparison.seeds),
            'rates': list(comparison.rates),
            'decays': list(comparison.decays),
            'tries': number_of_tries(comparison.rates, comparison.decays),
        }
        self._pictures: list[str] = []

    def content(self) -> dict[str, Any]:
        """Return everything as plain data."""
        rows = rows_content(self.comparison, *self._of_rows)
        return {**self._fixed, 'data': data_content(self.comparison), 'rows': rows}

    def write(self) -> None:
        """Write the json, the page and the csv."""
        content = self.content()
        write_text(self.folder / RESULTS, json.dumps(content, indent=1) + '\n')
        text = page(content, self._pictures) + labels_section(content)
        write_text(self.folder / 'accuracy.md', text)
        write_text(self.folder / 'accuracy.csv', csv_text(content['rows']))

    def draw(self) -> None:
        """Draw the pictures, and write the rest with them."""
        drawn = draw_accuracy(self.folder / PICTURE, self.content()['rows'])
        self._pictures = [PICTURE] * drawn
        keys = {run['key'] for run in self.comparison.results.values()}
        if len(keys) == 1:
            curves = {name: self._scalars(name) for name in self.comparison.settings}
            self._pictures += draw_learning(self.folder, curves, *keys)
        self.write()

    def _scalars(self, name: str) -> list[Path]:
        setting = self.comparison.settings[name]
        run = Run(name, setting, self.comparison.seeds[0])
        return scalars_of(self.comparison.job(run).folder)
