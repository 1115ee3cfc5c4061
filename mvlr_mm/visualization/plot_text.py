"""Names in matplotlib's figures: as they are, in any script, never too long."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

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


@contextmanager
def plain_text(names: Iterable[str] = ()) -> Iterator[None]:
    """Let matplotlib write what it is given: no formulas between dollars, no boxes.

    Figures are to be made, and written, within.

    Args:
        names: What :func:`plot_names` returned; the fonts that they need are added.
    """
    from matplotlib import rc_context
    from matplotlib.font_manager import FontProperties, fontManager

    families = {'DejaVu Sans': None}
    for file in {font: None for name in names for _, font in runs(name)}:
        fontManager.addfont(file)
        families[FontProperties(fname=file).get_name()] = None
    plain = {'text.parse_math': False, 'text.usetex': False}
    with rc_context(plain | {'font.family': list(families)}):
        yield
