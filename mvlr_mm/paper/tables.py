"""The rows of MVLR's ablations: tables 4 to 8 and 10, figures 4 and 6.

A row is what it overrides in a config of the full model, such as
``configs/mvlr/mvlr_rn101_coco.py``, and the numbers that the paper prints for it. Rows
that override the same are the same model, whatever table they stand in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

METRICS = ('mAP', 'CF1', 'OF1')


class Numbers(NamedTuple):
    """What the paper prints of a row, :data:`METRICS` in percent."""

    mean_ap: float
    cf1: float
    of1: float


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Args:
        name: Of the row.
        overrides: Values by dotted keys, as ``--cfg-options`` takes them.
        coco: The paper's numbers on MS-COCO; None where it prints none.
        nuswide: The paper's numbers on NUS-WIDE.
    """

    name: str
    overrides: Mapping[str, Any]
    coco: Numbers | None = None
    nuswide: Numbers | None = None


@dataclass(frozen=True)
class Table:
    """A table or a figure.

    Args:
        title: What it is about.
        rows: From top to bottom.
        note: What the paper leaves open, and how it is read here.
        of_parts: Whether its rows have other parts than the full model, so that each
            is a model of its own to be tuned, rather than other values of the same.
    """

    title: str
    rows: tuple[Row, ...]
    note: str = ''
    of_parts: bool = False


def _row(name: str, overrides: Mapping[str, Any], printed: str = '') -> Row:
    """Make a row of mAP, CF1 and OF1 on MS-COCO, then on NUS-WIDE where printed."""
    values = [float(word) for word in printed.split()]
    parts = (values[:3], values[3:])
    return Row(name, overrides, *(Numbers(*part) if part else None for part in parts))


def _replaced(kind: str, **settings: Any) -> dict[str, Any]:
    return dict(_delete_=True, type=kind, **settings)


FULL: dict[str, Any] = {}
NAMES = {'model.neck.prompt.prompts': 'names'}
NO_IFM = {'model.neck.fusion': None}  # and KCR, which compares what it makes
NO_QMVL = {'model.neck.interaction': None}
CLASSIFIER = {'model.head': _replaced('VisualClassifierHead')}
BERT = {
    'model.neck.prompt.text_encoder': _replaced(
        'HFTextEncoder', model='bert-base-uncased', pooling='cls'
    )
}


def _interaction(kind: str) -> dict[str, Any]:
    return {'model.neck.interaction': _replaced(kind)}


def _order(order: str) -> dict[str, Any]:
    return {'model.neck.interaction.order': order}


def _tokens(number: int) -> dict[str, Any]:
    return {
        'model.neck.prompt.num_tokens': number,
        'model.neck.prompt.context_init': None,
    }


def _alpha(alpha: float) -> dict[str, Any]:
    return {'model.neck.fusion.alpha': alpha}


def _without(part: str) -> dict[str, Any]:
    return {f'model.neck.fusion.{part}': False}


def _weight(weight: float) -> dict[str, Any]:
    return {'model.head.kcr.loss_weight': weight}


_UNPRINTED = 'The figure prints no numbers.'

TABLES: dict[str, Table] = {
    '4': Table(
        'modules',
        (
            _row('names', NAMES | NO_IFM | NO_QMVL, '81.8 67.3 66.4 59.2 42.3 55.6'),
            _row('PDLR', NO_IFM | NO_QMVL, '83.4 76.8 80.7 60.6 55.0 73.5'),
            _row('names + QMVL', NAMES | NO_IFM, '85.9 81.0 83.3 65.3 63.4 74.9'),
            _row('PDLR + IFM', NO_QMVL, '88.0 82.4 84.1 65.8 63.7 74.9'),
            _row('PDLR + QMVL', NO_IFM, '86.2 81.1 83.5 65.6 63.5 74.9'),
            _row('PDLR + IFM + QMVL', FULL, '88.5 82.8 84.4 67.3 64.8 75.3'),
        ),
        'KCR goes with IFM.',
        of_parts=True,
    ),
    '5': Table(
        'scanning order of QMVL',
        (
            _row('F', _order('F'), '87.4 81.3 83.9 66.1 63.7 74.7'),
            _row('O-FB', _order('O-FB'), '87.8 81.9 84.0 66.2 64.0 74.8'),
            _row('P-FB-S1', _order('P-FB-S1'), '88.4 82.6 84.2 67.1 64.8 75.3'),
            _row('P-FB-S2', FULL, '88.5 82.8 84.4 67.3 64.9 75.5'),
        ),
    ),
    '6': Table(
        'interaction',
        (
            _row(
                'cross-attention',
                _interaction('CrossAttentionInteraction'),
                '88.0 82.2 84.0 66.4 64.4 75.1',
            ),
            _row(
                'self-attention',
                _interaction('SelfAttentionInteraction'),
                '88.3 82.6 84.4 66.9 64.7 75.2',
            ),
            _row('QMVL', FULL, '88.5 82.8 84.4 67.3 64.9 75.5'),
        ),
        of_parts=True,
    ),
    '7': Table(
        'category centres',
        (
            _row(
                'CLIP: classifier learning',
                NAMES | NO_IFM | CLASSIFIER,
                '85.0 78.7 82.4 65.4 63.3 73.3',
            ),
            _row(
                'CLIP: label rep.',
                NAMES | NO_IFM | NO_QMVL,
                '81.6 54.6 47.7 58.6 29.1 36.6',
            ),
            _row(
                'CLIP: label rep. + QMVL',
                NAMES | NO_IFM,
                '85.9 81.0 83.3 65.3 63.4 74.9',
            ),
            _row('CLIP: MVLR', FULL, '88.5 82.8 84.4 67.3 64.8 75.3'),
            _row(
                'BERT: classifier learning',
                BERT | NAMES | NO_IFM | CLASSIFIER,
                '84.8 78.3 82.1 64.8 63.1 73.7',
            ),
            _row(
                'BERT: label rep.',
                BERT | NAMES | NO_IFM | NO_QMVL,
                '83.6 78.1 81.8 60.2 57.5 73.6',
            ),
            _row(
                'BERT: label rep. + QMVL',
                BERT | NAMES | NO_IFM,
                '85.7 80.8 83.0 64.9 63.1 74.6',
            ),
            _row('BERT: MVLR', BERT, '87.8 82.1 83.9 66.5 64.2 74.9'),
        ),
        'The interaction before the classifier is read as QMVL for the patches alone, '
        "its labels as the names. The paper's label rep. and table 4's names differ, "
        'for no reason that it gives. `bert-base-uncased` comes from the hub, or is a '
        'folder of that name.',
        of_parts=True,
    ),
    '8': Table(
        'prompts, L tokens',
        (
            _row(
                'hard',
                {'model.neck.prompt.prompts': 'hard'},
                '87.5 81.5 83.3 66.3 64.2 74.8',
            ),
            _row(
                'soft, L = 4',
                {'model.neck.prompt.prompts': 'soft'},
                '88.2 82.3 84.3 66.6 64.6 75.0',
            ),
            _row('hard + soft, L = 4', FULL, '88.5 82.8 84.4 67.3 64.9 75.5'),
            _row('hard + soft, L = 8', _tokens(8), '88.6 82.8 84.7 67.0 64.6 75.0'),
            _row('hard + soft, L = 12', _tokens(12), '88.3 82.7 84.6 66.9 64.3 74.9'),
            _row('hard + soft, L = 4, at random', _tokens(4)),
        ),
        'L = 8 and 12 start at random and 4 as "a photo of a", so the last row, which '
        "is not the paper's, is the one to compare them with.",
    ),
    '10': Table(
        'alpha',
        (
            _row('0', _alpha(0.0), '87.9 82.3 83.8'),
            _row('0.2', _alpha(0.2), '88.0 82.2 83.8'),
            _row('0.4', _alpha(0.4), '88.4 82.6 84.1'),
            _row('0.5', _alpha(0.5), '88.5 82.8 84.4'),
            _row('0.6', _alpha(0.6), '88.2 82.7 84.2'),
            _row('0.8', _alpha(0.8), '88.0 82.4 84.1'),
            _row('1', _alpha(1.0), '87.5 82.0 83.5'),
            _row('learned', FULL),
        ),
        'Of the heads of the columns only 0.0 can be read; the others follow from the '
        'seven values and from what the text says of 0.4 to 0.6.',
    ),
    'figure4': Table(
        'parts of IFM',
        (
            _row('without label attention', _without('label_attention')),
            _row('without context-aware attention', _without('context_attention')),
            _row('without channel interaction', _without('channel_interaction')),
            _row('without KCR', {'model.head.kcr': None}),
            _row('all', FULL),
        ),
        f'{_UNPRINTED} Its text says that context-aware attention brings 1.7 and 1.5 '
        'mAP on MS-COCO and NUS-WIDE.',
    ),
    'figure6': Table(
        'lambda, the weight of KCR',
        (
            _row('0', _weight(0.0)),
            _row('1', _weight(1.0)),
            _row('2', _weight(2.0)),
            _row('4', FULL),
            _row('8', _weight(8.0)),
        ),
        f'{_UNPRINTED} Its text says that more than 4 may be worse.',
    ),
}
