"""Names in matplotlib's figures: as they are, in any script, never too long."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mmengine.visualization import Visualizer

from ..shown_text import shorten
from .fonts import drawable, runs
from .reading_direction import from_left_to_right

WIDEST = 40  # letters of a name beside a plot; of a longer one the middle is left out


def plot_names(names: Iterable[str]) -> list[str]:
    """Return names as a plot can show them.

    Args:
        names: Such as those of labels.
    """
    from matplotlib import ft2font

    shown = [shorten(drawable(name), WIDEST) for name in names]
    if hasattr(ft2font, '__libraqm_version__'):
        return shown
    return [from_left_to_right(name) for name in shown]


def families(names: Iterable[str]) -> list[str]:
    """Return the families of fonts that names need, made known to matplotlib.

    Args:
        names: What :func:`plot_names` returned.
    """
    from matplotlib.font_manager import FontProperties, fontManager

    found = {'DejaVu Sans': None}
    for file in {font: None for name in names for _, font in runs(name)}:
        fontManager.addfont(file)
        found[FontProperties(fname=file).get_name()] = None
    return list(found)


@contextmanager
def plain_text(names: Iterable[str] = ()) -> Iterator[None]:
    """Let matplotlib write what it is given: no formulas between dollars, no boxes.

    Figures are to be made, and written, within.

    Args:
        names: What :func:`plot_names` returned; the fonts that they need are added.
    """
    from matplotlib import rc_context

    plain = {'text.parse_math': False, 'text.usetex': False}
    with rc_context(plain | {'font.family': families(names)}):
        yield


@contextmanager
def plain_visualizer(visualizer: Visualizer, meta: Mapping[str, Any]) -> Iterator[None]:
    """Let mmpretrain's visualizer write the names of labels as plots here do.

    Args:
        visualizer: That of a runner whose loop is built, which gave it other names.
        meta: Of the data set, with the names of the labels, if they have any.
    """
    shown = [drawable(str(name)) for name in meta.get('classes') or ()]
    style = getattr(visualizer, 'DEFAULT_TEXT_CFG', {})
    # the first is what it writes with, in columns
    visualizer.DEFAULT_TEXT_CFG = {
        **style,
        'family': ['DejaVu Sans Mono', *families(shown)],
    }
    if shown:
        visualizer.dataset_meta = {**meta, 'classes': shown}
    with plain_text(shown):
        yield
