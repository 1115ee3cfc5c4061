import numpy as np

from mvlr_mm.visualization import judge, label_lines, verdict_legend, verdict_lines
from mvlr_mm.visualization.captions import FAINT, INK, MARKS

NAMES = ['sea', 'boat', 'moon', 'sun', 'car']
TRUTH = np.array([1, 1, 1, 0, 0])
SCORES = np.array([0.6, 0.9, 0.2, 0.5, 0.49])


def test_judge_sorts_into_found_missed_wrong():
    assert judge(NAMES, TRUTH, SCORES) == [
        ('found', 'boat', 0.9),
        ('found', 'sea', 0.6),
        ('missed', 'moon', 0.2),
        ('wrong', 'sun', 0.5),
    ]


def test_every_label_has_its_own_threshold_and_the_unknown_is_left_out():
    thr = np.array([0.7, 0.5, 0.2, 0.6, 0.1])
    truth = np.array([1, -1, 1, 0, 0])
    assert judge(NAMES, truth, SCORES, thr) == [
        ('found', 'moon', 0.2),
        ('missed', 'sea', 0.6),
        ('wrong', 'car', 0.49),
    ]
    assert verdict_legend(thr)[-1].text.endswith('predicted from its own threshold)')


def test_signs_and_colours_tell_what_happened():
    lines = verdict_lines(NAMES, TRUTH, SCORES)
    assert [line.text for line in lines] == [
        '+ 0.90 boat',
        '+ 0.60 sea',
        '- 0.20 moon',
        'x 0.50 sun',
    ]
    kinds = ['found', 'found', 'missed', 'wrong']
    assert [line.color for line in lines] == [MARKS[kind][1] for kind in kinds]
    legend = verdict_legend(0.5)
    assert [line.color for line in legend[:3]] == [color for _, color in MARKS.values()]
    assert legend[-1].text == '(number: score; predicted from 0.5)'


def test_labels_of_a_picture():
    lines = [('a', INK), ('b', INK), ('c?', FAINT)]
    assert label_lines(['a', 'b'], ['c']) == lines
    assert label_lines([]) == [('no label', FAINT)]
