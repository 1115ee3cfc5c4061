"""Results of a test, and everything that is decided and counted from them."""

from dataclasses import dataclass

import numpy as np

from ..evaluation.counts import Decisions, decide
from ..evaluation.joint_errors import missed_and_wrong
from ..evaluation.label_table import LabelRow, label_table
from ..evaluation.protocol_numbers import evaluate, targets_of_decisions
from ..evaluation.protocols import Protocol, protocol_of
from ..evaluation.results import Results
from ..shown_text import printable


@dataclass(frozen=True, eq=False)
class Tested:
    """What a report is made of. Letters: N pictures, C labels."""

    names: tuple[str, ...]  # of the labels, as they are shown
    paths: tuple[str, ...]
    scores: np.ndarray  # (N, C)
    targets: np.ndarray  # (N, C): 1 present, 0 absent, -1 unknown
    decisions: Decisions
    missed: np.ndarray  # (N, C) bool
    wrong: np.ndarray  # (N, C) bool
    thresholds: np.ndarray  # (C,)
    source: str  # where the thresholds come from
    protocol: Protocol
    numbers: dict[str, float]
    rows: list[LabelRow]


def judge_results(
    results: Results, thresholds: np.ndarray | None = None, source: str = ''
) -> Tested:
    """Decide and count.

    Args:
        results: Of a test. What they were tested under counts, or ML-GCN's protocol.
        thresholds: One for each label, (C,), in place of the protocol's.
        source: Where they come from.
    """
    protocol = protocol_of(**(results.protocol or {'name': 'mlgcn'}))
    scores, targets = results.scores, results.targets
    known = targets_of_decisions(targets, protocol)
    thr = protocol.thr if thresholds is None else thresholds
    decisions = decide(scores, known, thr, must_exceed=protocol.equal_is_too_low)
    missed, wrong = missed_and_wrong(decisions)
    return Tested(
        names=tuple(map(printable, results.classes)),
        paths=tuple(results.paths),
        scores=scores,
        targets=known,
        decisions=decisions,
        missed=missed,
        wrong=wrong,
        thresholds=np.broadcast_to(np.asarray(thr, np.float64), scores.shape[1:]),
        source=source or f'{protocol.thr:g} for all labels, of the protocol',
        protocol=protocol,
        numbers=evaluate(scores, targets, protocol, thresholds),
        rows=label_table(scores, targets, results.classes, protocol, thresholds),
    )
