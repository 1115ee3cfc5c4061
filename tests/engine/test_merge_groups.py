import torch
from torch import nn

from mvlr_mm.engine.merge_groups import merge_groups


def test_groups_with_other_keys_stay_apart():
    a, b, c, d = (nn.Parameter(torch.zeros(1)) for _ in range(4))
    merged = merge_groups(
        [
            dict(params=[a], lr=1.0),
            dict(params=[b], lr=1.0, weight_decay=0.0),
            dict(params=[c]),
            dict(params=[d], lr=1.0),
        ]
    )
    assert [group['params'] for group in merged] == [[a, d], [b], [c]]
    assert [set(group) for group in merged] == [
        {'params', 'lr'},
        {'params', 'lr', 'weight_decay'},
        {'params'},
    ]


def test_the_groups_given_stay_as_they_are():
    a, b = (nn.Parameter(torch.zeros(1)) for _ in range(2))
    groups = [dict(params=[a], lr=1.0), dict(params=[b], lr=1.0)]
    assert len(merge_groups(groups)) == 1
    assert [group['params'] for group in groups] == [[a], [b]]
