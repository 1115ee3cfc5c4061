import torch
from torch import nn

from mvlr_mm.models.text import TextEncoder, TokenBatch


class Tower(TextEncoder):
    def __init__(self):
        super().__init__()
        self.layer = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
        self.freeze()

    def tokenize(self, texts, prompt_length=0):
        raise AssertionError

    def forward(self, tokens, prompt=None):
        raise AssertionError

    def embed_words(self, text):
        raise AssertionError


def test_tower_never_trains_nor_leaves_eval_mode():
    parent = nn.ModuleDict(dict(tower=Tower(), other=nn.Dropout())).train()
    assert parent['other'].training
    assert not any(m.training for m in parent['tower'].modules())
    assert not any(p.requires_grad for p in parent['tower'].parameters())


def test_init_weights_keeps_what_was_loaded():
    tower = Tower()
    before = tower.layer[0].weight.clone()
    tower.init_weights()
    assert torch.equal(tower.layer[0].weight, before)


def test_tokens_move_together():
    tokens = TokenBatch(torch.zeros(2, 3).long(), torch.ones(2, 3).bool())
    moved = tokens.to(torch.device('meta'))
    assert isinstance(moved, TokenBatch)
    assert moved.ids.is_meta
    assert moved.mask.is_meta
