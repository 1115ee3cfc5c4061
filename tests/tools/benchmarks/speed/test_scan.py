import importlib
import sys
from pathlib import Path

import torch

from mvlr_mm.ops import selective_scan_ref

sys.path.insert(0, str(Path(__file__).parents[4] / 'tools'))
scan = importlib.import_module('benchmarks.speed.scan')


def test_every_contestant_is_what_its_name_says():
    """The scan for graphs would be timed as plain torch."""
    found = scan.contestants('cpu', ['native', 'mambapy'])
    assert list(found) == ['torch', 'reference', "mamba-ssm's form"]


def test_the_published_form_gives_what_the_reference_gives():
    inputs = scan.draw((2, 6, 9, 4), 'cpu', torch.float64)
    inputs = {name: value.double() for name, value in inputs.items()}
    torch.testing.assert_close(
        scan.published_scan(**inputs, delta_softplus=True),
        selective_scan_ref(**inputs, delta_softplus=True),
    )
