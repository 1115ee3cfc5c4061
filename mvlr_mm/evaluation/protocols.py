"""Evaluation protocols: which formula for which number, under a name."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from ..argument_checks import check_choice, check_count
from .average_precision import AP_MODES
from .f1 import FAMILIES
from .means import EMPTY

UNKNOWN = ('skip', 'negative')
MORE = ('attributes', 'sets', 'ranking')
# former names of fields, which configs and files of results still hold
OLD_NAMES = {'strict': 'must_exceed'}


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
        must_exceed: Whether a score that equals ``thr`` is too low; None: in the
            family ``asl``.
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
    must_exceed: bool | None = None
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
        check_choice('must_exceed', self.must_exceed, (None, False, True))
        check_choice('topk_thr', self.topk_thr, (False, True))
        if not _is_number(self.thr):
            raise ValueError(
                f'thr ({self.thr!r}) must be a number, such as 0.5; a file '
                'of thresholds goes into `thresholds`.'
            )
        check_count('topk', self.topk, or_none=True)

    @property
    def equal_is_too_low(self) -> bool:
        """Whether a score that equals the threshold is too low."""
        return self.family == 'asl' if self.must_exceed is None else self.must_exceed


def _is_number(value: object) -> bool:
    try:
        return isinstance(value, (int, float)) and not math.isnan(value)
    except OverflowError:  # a whole number beyond all of float64
        return False


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
    Protocol('pedestrian', must_exceed=True, topk=None, more=('attributes',)),
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
    fields = current_names(fields)
    known = [field.name for field in dataclasses.fields(Protocol)][1:]
    for field in fields:
        if field not in known:
            raise ValueError(
                f'{field!r} is no field of a protocol; they are {", ".join(known)}.'
            )
    if 'more' in fields:
        fields['more'] = tuple(fields['more'])
    return dataclasses.replace(PROTOCOLS[name], **fields)


def current_names(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of a protocol by the names that they have today."""
    return {OLD_NAMES.get(name, name): value for name, value in fields.items()}


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
