import importlib
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[4] / 'tools'))
decoders = importlib.import_module('benchmarks.speed.decoders')


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def attention(width):
    return 4 * width * width + 4 * width


def feed_forward(width, hidden):
    return 2 * width * hidden + hidden + width


def test_query2labels_size():
    # one encoder and two decoder layers without self-attention, 80 queries
    width, hidden, labels = 64, 256, 80
    layer = attention(width) + feed_forward(width, hidden) + 2 * 2 * width
    head = decoders.q2l_like(width, labels)
    assert parameters(head) == 3 * layer + 2 * labels * width


def test_ml_decoders_size():
    labels, width = 80, 768
    layer = attention(width) + feed_forward(width, 2048) + 2 * 2 * width
    head = decoders.ml_decoder_like(32, labels)
    assert parameters(head) == 33 * width + layer + 2 * labels * width


@pytest.mark.parametrize(('labels', 'queries'), [(5, None), (5, 2), (4, 4), (3, 9)])
def test_every_label_has_a_logit_from_its_own_query(labels, queries):
    torch.manual_seed(0)
    head = decoders.DecoderHead(6, labels, 8, 2, 16, layers=2, queries=queries).eval()
    patches = torch.randn(2, 7, 6)
    logits = head(patches)
    assert logits.shape == (2, labels)
    count = min(queries or labels, labels)
    group = -(-labels // count)
    with torch.no_grad():
        head.queries[0] += 1.0
    changed = (head(patches) != logits).any(0)
    assert changed.tolist() == [label < group for label in range(labels)]
