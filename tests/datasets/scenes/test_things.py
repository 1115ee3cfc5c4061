import numpy as np
import pytest

from mvlr_mm.datasets.scenes import CLASSES
from mvlr_mm.datasets.scenes.things import DRAWERS, draw_thing


def test_every_label_but_the_sea_is_a_thing():
    assert set(DRAWERS) == set(CLASSES) - {'sea'}


@pytest.mark.parametrize('name', sorted(DRAWERS))
def test_a_thing_fills_its_tile_and_varies(name):
    one, two = (
        np.asarray(draw_thing(name, np.random.default_rng(seed))) for seed in (0, 1)
    )
    left, top, right, bottom = draw_thing(name, np.random.default_rng(0)).getbbox()
    side = one.shape[0]
    assert max(right - left, bottom - top) > 0.5 * side
    assert (one[..., 3] > 0).mean() < 0.8  # the rest is transparent
    assert (one != two).any()
