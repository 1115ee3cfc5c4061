"""Each head finds in new pictures what it was shown in others."""

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from sklearn.metrics import average_precision_score

from mvlr_mm import VLFeatures

NAMES = ('cat', 'dog', 'sea', 'sun')
HEADS = [  # with a rate, and a number of steps
    (dict(type='VisualClassifierHead', classes=NAMES), 0.05, 70),
    (dict(type='CSRAHead', classes=NAMES, num_heads=2, lam=0.5), 0.05, 70),
    (dict(type='Query2LabelHead', classes=NAMES), 5e-3, 70),
    (dict(type='MLDecoderHead', classes=NAMES, num_groups=2, width=32), 5e-3, 70),
    (dict(type='MLDecoderTextHead', width=32), 5e-3, 140),
    (dict(type='CTranHead', classes=NAMES), 5e-3, 70),
]


def draw(pictures, things, generator):
    """Pictures of 3 x 3 noisy patches; each label's thing is in one patch, or not."""
    patches = 0.3 * torch.randn(pictures, 9, 16, generator=generator)
    there = torch.rand(pictures, 4, generator=generator) < 0.4
    places = torch.rand(pictures, 9, generator=generator).argsort(dim=1)[:, :4]
    rows = torch.arange(pictures)
    for label in range(4):
        patches[rows, places[:, label]] += there[:, label, None] * things[label]
    return VLFeatures(patches, (3, 3), labels=things), there


@pytest.mark.parametrize(
    ('cfg', 'rate', 'steps'), HEADS, ids=[c[0]['type'] for c in HEADS]
)
def test_it_learns_where_a_thing_may_be_anywhere(cfg, rate, steps):
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    things = 2 * torch.nn.functional.normalize(
        torch.randn(4, 16, generator=generator), dim=-1
    )
    head = MODELS.build(dict(cfg, embed_dim=16))
    optimizer = torch.optim.Adam(head.parameters(), lr=rate)
    for _ in range(steps):
        feats, there = draw(48, things, generator)
        samples = [DataSample().set_gt_score(row.float()) for row in there]
        loss = head.loss(feats, samples)['loss']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    feats, there = draw(200, things, generator)
    with torch.no_grad():
        scores = head.eval()(feats)
    found = average_precision_score(there.numpy(), scores.numpy())
    assert found > 0.8  # by chance 0.4
