import pytest

from mvlr_mm.datasets.checking.splits import SPLITS
from mvlr_mm.evaluation.average_precision import AP_MODES
from mvlr_mm.evaluation.f1 import FAMILIES
from mvlr_mm.evaluation.means import EMPTY
from mvlr_mm.evaluation.protocols import MORE, PROTOCOLS, UNKNOWN
from mvlr_mm.evaluation.thresholds import SEARCHES
from mvlr_stack.words import browse, thresholds
from mvlr_stack.words import eval as evaluation


@pytest.mark.parametrize(
    ('named', 'meant'),
    [
        (evaluation.PROTOCOLS, PROTOCOLS),
        (evaluation.AP_MODES, AP_MODES),
        (evaluation.EMPTY, EMPTY),
        (evaluation.FAMILIES, FAMILIES),
        (evaluation.UNKNOWN, UNKNOWN),
        (evaluation.MORE, MORE),
        (thresholds.SEARCHES, SEARCHES),
        (browse.SPLITS, SPLITS),
    ],
)
def test_choices_are_what_the_package_knows(named, meant):
    assert named == tuple(meant)
