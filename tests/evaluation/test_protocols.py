from pathlib import Path

import pytest

from mvlr_mm.evaluation.protocols import PROTOCOLS, Protocol, describe, protocol_of


def test_the_description_names_every_field_and_marks_changes():
    text = describe(protocol_of('asl', thr=0.5, more=['sets']))
    assert text == (
        'asl: ap noninterpolated, empty zero, family asl, thr* 0.5, '
        'must_exceed None, topk None, '
        'topk_thr True, unknown skip, more* sets'
    )
    assert '*' not in describe(PROTOCOLS['asl'])
    assert describe(Protocol('mine')).startswith('mine: ap noninterpolated,')


def test_the_guide_lists_every_protocol():
    guide = Path(__file__).parents[2] / 'docs/guides/evaluation.md'
    lines = guide.read_text(encoding='utf-8').splitlines()
    rows = [[x.strip(' `') for x in line.split('|')[1:-1]] for line in lines]
    top = {(None, True): 'none', (3, True): '3', (3, False): '3, without the threshold'}
    for p in PROTOCOLS.values():
        about = (p.ap, p.empty, p.family, f'{p.thr:g}', top[p.topk, p.topk_thr])
        assert [p.name, *about] in rows


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        (dict(name='coco'), r"protocol \('coco'\) must be one of \('mlgcn', "),
        (
            dict(name='asl', thresh=1),
            "'thresh' is no field of a protocol; they are ap,",
        ),
        (dict(name='asl', ap='x'), r"ap \('x'\) must be one of \('noninterp"),
        (dict(name='asl', empty='x'), r"empty \('x'\) must be one of \('skip'"),
        (dict(name='asl', family='x'), r"family \('x'\) must be one of \('paper'"),
        (dict(name='asl', unknown='x'), r"unknown \('x'\) must be one of \('skip'"),
        (dict(name='asl', more=['x']), r"more \('x'\) must be one of \('attributes'"),
        (dict(name='asl', topk=0), r'topk \(0\) must be a whole number, at least 1'),
        (dict(name='asl', topk='3'), r"topk \('3'\) must be a whole number"),
        (dict(name='asl', topk=2.5), r'topk \(2\.5\) must be a whole number'),
        (dict(name='asl', thr='0.5'), r"thr \('0\.5'\) must be a number"),
        (dict(name='asl', thr=None), r'thr \(None\) must be a number'),
        (dict(name='asl', thr=float('nan')), r'thr \(nan\) must be a number'),
        (
            dict(name='asl', must_exceed='no'),
            r"must_exceed \('no'\) must be one of \(None, ",
        ),
        (dict(name='asl', topk_thr=0.5), r'topk_thr \(0\.5\) must be one of \(False'),
    ],
)
def test_what_cannot_be_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        protocol_of(**fields)


def test_former_names_of_fields_are_read():
    assert protocol_of('mlgcn', strict=True) == protocol_of('mlgcn', must_exceed=True)
    fields = dict(name='asl', ap='voc10', empty='skip', family='asl', thr=0.3)
    fields |= dict(strict=False, topk=2, topk_thr=False, unknown='negative', more=[])
    assert not protocol_of(**fields).equal_is_too_low
