"""Every number that a config can give to a model is looked at where it is given."""

import inspect
import math
import re
from collections.abc import Iterator

import pytest
from mmpretrain.registry import MODELS
from torch import nn

import mvlr_mm.engine  # noqa: F401  registers the averages
from mvlr_mm.models.peers.ml_gcn import MLGCNHead

NEEDED = dict(
    classes=['cat', 'dog', 'boat'],
    embed_dim=32,
    graph=None,
    label_vectors=8,
    model=nn.Linear(2, 2),
    text_encoder=None,
)


def numbers() -> Iterator[tuple[type, str]]:
    for kind in MODELS.module_dict.values():
        if kind.__module__.startswith('mvlr_mm.'):
            for name, parameter in inspect.signature(kind).parameters.items():
                if re.search(r'\bfloat\b', str(parameter.annotation)):
                    yield kind, name


@pytest.mark.parametrize(('kind', 'name'), list(numbers()))
def test_what_is_no_finite_number_is_named(kind, name):
    if kind is MLGCNHead and name != 'thr':
        pytest.skip('what makes the matrix of a graph looks at it; see its tests')
    takes = inspect.signature(kind).parameters
    given = {key: value for key, value in NEEDED.items() if key in takes}
    for value in (math.nan, math.inf, True, [0.5]):
        text = rf'\b{name} \({re.escape(repr(value))}\) must be a finite number'
        with pytest.raises(ValueError, match=text):
            kind(**given, **{name: value})
