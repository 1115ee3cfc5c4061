"""Evaluation protocols: which formula for which number, under a name."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from .average_precision import (
    AP_MODES,
    EMPTY,
    average_precision,
    check_choice,
    mean_over_labels,
)
from .bootstrap import map_interval
from .columns import Matrix, checked
from .counts import Decisions, LabelCounts, decide, label_counts
from .f1 import FAMILIES, summarise
from .instances import hamming_loss, instance_metrics, mean_accuracy, subset_accuracy
from .ranking import ranking_metrics

UNKNOWN = ('skip', 'negative')
MORE = ('attributes', 'sets', 'ranking')


@dataclasses.dataclass(frozen=True)
class Protocol:
    """All choices that the numbers of a paper depend on.

    Args:
        name: Name of the protocol.
        ap: Mode of :func:`average_precision`.
        empty: What a label without a positive image does to mAP: ``skip`` leaves it
            out, ``zero`` counts it as 0, ``nan`` makes mAP nan.
        family: Family of :func:`precision_recall_f1`.
        thr: A label is predicted where its score reaches this.
        strict: Whether a score must lie above ``thr``; None: in the family ``asl``.
        topk: A second group of numbers is for the labels that are also among the k
            highest of their image. None: no such group.
        topk_thr: Whether that group needs the threshold as well.
        unknown: What precision, recall and F1 do with labels marked -1: ``skip``, or
            ``negative`` as ML-GCN does with VOC's difficult ones. AP skips them always.
        more: Further numbers: ``attributes`` (mA and instance metrics), ``sets``
            (Hamming loss, subset accuracy), ``ranking`` (ranking loss, coverage,
            one-error).

    Raises:
        ValueError: A field has a value that it cannot have.
    """

    name: str
    ap: str = 'noninterpolated'
    empty: str = 'skip'
    family: str = 'paper'
    thr: float = 0.5
    strict: bool | None = None
    topk: int | None = 3
    topk_thr: bool = True
    unknown: str = 'skip'
    more: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_choice('ap', self.ap, AP_MODES)
        check_choice('empty', self.empty, EMPTY)
        check_choice('family', self.family, FAMILIES)
        check_choice('unknown', self.unknown, UNKNOWN)
        for group in self.more:
            check_choice('more', group, MORE)
        check_choice('strict', self.strict, (None, False, True))
        check_choice('topk_thr', self.topk_thr, (False, True))
        if not isinstance(self.thr, (int, float)) or np.isnan(self.thr):
            raise ValueError(
                f'thr ({self.thr!r}) must be a number, such as 0.5; a file '
                'of thresholds goes into `thresholds`.'
            )
        if self.topk is not None and (not isinstance(self.topk, int) or self.topk < 1):
            raise ValueError(
                f'topk ({self.topk!r}) must be a whole number of at least 1, or None.'
            )

    @property
    def above(self) -> bool:
        """Whether a score that equals the threshold is too low."""
        return self.family == 'asl' if self.strict is None else self.strict


def _by_name(*protocols: Protocol) -> dict[str, Protocol]:
    return {protocol.name: protocol for protocol in protocols}


PROTOCOLS = _by_name(
    Protocol('mlgcn'),
    Protocol('salgl', ap='voc10', empty='zero'),
    Protocol('ctran', ap='sklearn', empty='zero'),
    Protocol('csra', topk=None),
    Protocol('asl', empty='zero', family='asl', thr=0.8, topk=None),
    Protocol('mldecoder', empty='zero', family='asl', thr=0.75, topk=None),
    Protocol('dualcoop', empty='zero', family='asl', topk=None),
    Protocol('q2l', ap='voc10'),
    Protocol('vmamba_mlir', ap='voc10', family='asl'),
    Protocol('mmpretrain', empty='zero', family='mmpretrain', topk_thr=False),
    Protocol('sklearn', ap='sklearn', empty='zero', family='mmpretrain', topk=None),
    Protocol('voc07', ap='voc07'),
    Protocol('voc10', ap='voc10'),
    Protocol('pedestrian', strict=True, topk=None, more=('attributes',)),
)


def protocol_of(name: str, **fields: Any) -> Protocol:
    """Return a protocol, with some fields changed.

    Args:
        name: One of ``PROTOCOLS``.
        **fields: Fields of :class:`Protocol` to change.

    Raises:
        ValueError: The name or a field is unknown, or a value is not allowed.
    """
    check_choice('protocol', name, PROTOCOLS)
    known = [field.name for field in dataclasses.fields(Protocol)][1:]
    for field in fields:
        if field not in known:
            raise ValueError(
                f'{field!r} is no field of a protocol; they are {", ".join(known)}.'
            )
    if 'more' in fields:
        fields['more'] = tuple(fields['more'])
    return dataclasses.replace(PROTOCOLS[name], **fields)


def describe(protocol: Protocol) -> str:
    """Return one line with every field; an asterisk marks what was changed."""
    own = PROTOCOLS.get(protocol.name, protocol)
    parts = []
    for field in dataclasses.fields(Protocol)[1:]:
        value = getattr(protocol, field.name)
        changed = '' if value == getattr(own, field.name) else '*'
        shown = ' '.join(value) or None if field.name == 'more' else value
        parts.append(f'{field.name}{changed} {shown}')
    return f'{protocol.name}: {", ".join(parts)}'


def evaluate(
    scores: Matrix,
    targets: Matrix,
    protocol: Protocol,
    thresholds: np.ndarray | None = None,
    resamples: int = 0,
    seed: int = 0,
) -> dict[str, float]:
    """Return all numbers of a protocol, in percent, but for ``coverage``.

    Labels, and images, of which nothing is known are left out of all of them.

    Args:
        scores: Scores (N, C).
        targets: 1 present, 0 absent, -1 unknown, (N, C).
        protocol: What to compute.
        thresholds: One for each label, (C,), in place of the protocol's ``thr``.
        resamples: If positive, ``mAP-low`` and ``mAP-high`` are the 95 % bootstrap
            interval of mAP, from this many resamples.
        seed: Of the resamples.

    Raises:
        ValueError: As for :func:`average_precision` and :func:`decide`.
    """
    scores, targets = checked(scores, targets)
    ap = average_precision(scores, targets, protocol.ap)
    known = (targets >= 0).any(axis=0)
    numbers = {'mAP': 100 * mean_over_labels(ap[known], protocol.empty)}
    if resamples:
        options = (protocol.ap, protocol.empty, resamples)
        interval = map_interval(scores, targets, *options, seed=seed)
        numbers['mAP-low'], numbers['mAP-high'] = (100 * end for end in interval)
    targets = judged(targets, protocol)
    thr = protocol.thr if thresholds is None else thresholds
    counts = label_counts(scores, targets, thr, strict=protocol.above)
    numbers |= summarise(counts, protocol.family)
    if protocol.topk is not None:
        thr_of_top = thr if protocol.topk_thr else None
        options = (thr_of_top, protocol.topk, protocol.above)
        top = summarise(label_counts(scores, targets, *options), protocol.family)
        numbers |= {f'top{protocol.topk}-{key}': value for key, value in top.items()}
    return numbers | _more(scores, targets, protocol, thr, counts)


def judged(targets: np.ndarray, protocol: Protocol) -> np.ndarray:
    """Return the targets that precision, recall and F1 are computed on."""
    return targets if protocol.unknown == 'skip' else np.maximum(targets, 0)


def _more(
    scores: np.ndarray,
    targets: np.ndarray,
    protocol: Protocol,
    thr: float | np.ndarray,
    counts: LabelCounts,
) -> dict[str, float]:
    """Return the numbers that ``protocol.more`` asks for."""
    if not protocol.more:
        return {}
    decisions = decide(scores, targets, thr, strict=protocol.above)
    groups: dict[str, Callable[[Decisions], dict[str, float]]] = {
        'attributes': lambda d: {'mA': mean_accuracy(counts), **instance_metrics(d)},
        'sets': lambda d: {
            'hamming-loss': hamming_loss(d),
            'subset-accuracy': subset_accuracy(d),
        },
        'ranking': lambda _: ranking_metrics(scores, targets),
    }
    numbers: dict[str, float] = {}
    for group in protocol.more:
        numbers |= groups[group](decisions)
    return numbers
