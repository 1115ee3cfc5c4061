"""Training curves, from the scalars that mmengine writes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def read_scalars(path: str | Path, key: str) -> tuple[list[int], list[float]]:
    """Return the steps at which ``key`` was logged, and its values.

    Args:
        path: ``scalars.json`` below a run's ``vis_data``: a json object a line.
        key: Name of a scalar, such as ``loss`` or ``mlgcn/mAP``.

    Raises:
        FileNotFoundError: There is no such file.
    """
    steps, values = [], []
    for line in Path(path).read_text(encoding='utf-8').splitlines():
        record = json.loads(line)
        if key in record:
            steps.append(int(record['step']))
            values.append(float(record[key]))
    return steps, values


def draw_curves(
    path: str | Path, runs: Mapping[str, str | Path], keys: Sequence[str]
) -> 'Figure':
    """Draw a panel per scalar, with a curve per run.

    Losses are logged per iteration and results per epoch: each panel has its own x.

    Args:
        path: File to write; its ending names the format.
        runs: Per name of a run, its ``scalars.json``.
        keys: Names of scalars. A run that lacks one is left out of that panel.

    Returns:
        matplotlib's figure, already saved.

    Raises:
        ValueError: No run has one of the scalars.
        FileNotFoundError: A run has no such file.
    """
    # no global state: a backend of pyplot's would need a display
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2 * len(keys), 3.6), layout='constrained')
    panels = figure.subplots(1, len(keys), squeeze=False)[0]
    for axes, key in zip(panels, keys, strict=True):
        for name, file in runs.items():
            steps, values = read_scalars(file, key)
            if steps:
                axes.plot(steps, values, label=name, marker='.' if '/' in key else '')
        if not axes.lines:
            raise ValueError(
                f'no run has the scalar {key!r}; see which ones there are in '
                f'{", ".join(map(str, runs.values()))}.'
            )
        axes.set(title=key, xlabel='epoch' if '/' in key else 'iteration')
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=120)
    return figure
