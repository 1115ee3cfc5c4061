import copy

import pytest
import torch
from mmpretrain.registry import MODELS
from open_clip.transformer import Transformer
from torch.nn import functional as F

from mvlr_mm.models.text.shared_prefix import _mix, can_share, pack, run_packed

NAMES = ['cat', 'traffic light', 'potted plant', 'car', 'very old street lamp']


@pytest.fixture
def encoder(tiny_clip):
    """Built from weights large enough that every token matters."""
    encoder = MODELS.build(dict(type='CLIPTextEncoder', **tiny_clip())).double()
    generator = torch.Generator().manual_seed(0)
    for parameter in encoder.parameters():
        noise = torch.randn(parameter.shape, generator=generator, dtype=torch.double)
        parameter.data += 0.2 * noise
    return encoder


def in_a_loop(ids, ends):
    """Return P and each text's own tokens, by plain loops."""
    texts = [row[: end + 1] for row, end in zip(ids.tolist(), ends, strict=True)]
    shared = 0
    while all(len(t) > shared + 1 and t[shared] == texts[0][shared] for t in texts):
        shared += 1
    return shared, [text[shared:] for text in texts]


@pytest.mark.parametrize(
    ('ids', 'ends'),
    [
        ([[9, 1, 2, 8, 0], [9, 1, 3, 4, 8], [9, 1, 8, 0, 0]], [3, 4, 2]),
        ([[9, 5, 8], [9, 5, 8]], [2, 2]),  # all the same: the end stays each text's own
        ([[9, 5, 6, 8]], [3]),
        ([[1, 8, 0], [2, 3, 8]], [1, 2]),  # nothing in common
        ([[9, 8, 7], [9, 8, 7]], [1, 1]),  # alike behind the end as well
    ],
)
def test_pack_against_loops(ids, ends):
    ids = torch.tensor(ids)
    packed = pack(ids, torch.tensor(ends))
    shared, own = in_a_loop(ids, ends)
    assert packed.shared == shared
    tokens = [token for text in own for token in text]
    assert ids[packed.rows, packed.places].tolist() == tokens
    assert packed.padded.shape == (len(ids), max(map(len, own)))
    for c, text in enumerate(own):
        there = packed.padded[c, : len(text)]
        assert [tokens[t] for t in there] == text
        assert packed.ends[c] == there[-1]
    assert packed.padded.flatten()[packed.flat].tolist() == list(range(len(tokens)))


@pytest.mark.parametrize(
    'names', [NAMES, NAMES[:1], ['old cat', 'old car'], ['a', 'b']]
)
@pytest.mark.parametrize('template', [None, 'This photo contains {}.'])
def test_values_and_gradients_are_those_of_each_text_by_itself(
    encoder, names, template
):
    assert encoder.shares_prefix
    if template:
        tokens = encoder.tokenize([template.replace('{}', name) for name in names])
        torch.testing.assert_close(encoder(tokens), encoder.forward_plain(tokens))
        return
    tokens = encoder.tokenize(names, prompt_length=4)
    prompt = encoder.embed_words('a photo of a').requires_grad_()
    weights = torch.randn(len(names), encoder.embed_dim, dtype=torch.double)
    found, expected = encoder(tokens, prompt), encoder.forward_plain(tokens, prompt)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    (grad,) = torch.autograd.grad((found * weights).sum(), prompt)
    (wanted,) = torch.autograd.grad((expected * weights).sum(), prompt)
    assert wanted.abs().min() > 0
    torch.testing.assert_close(grad, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_in_less_precision_it_is_as_near_to_the_exact_values(encoder, dtype):
    tokens = encoder.tokenize(NAMES, prompt_length=4)
    prompt = encoder.embed_words('a photo of a')
    exact = encoder.forward_plain(tokens, prompt)
    encoder.float()
    with torch.autocast('cpu', dtype, enabled=dtype == torch.bfloat16):
        found = encoder(tokens, prompt.float())
        plain = encoder.forward_plain(tokens, prompt.float())
    assert found.dtype == plain.dtype
    error = (found - exact).norm()
    assert error <= 1.5 * (plain - exact).norm() + 1e-6 * exact.norm()
    assert error <= (1e-5 if dtype == torch.float32 else 0.03) * exact.norm()


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
@pytest.mark.parametrize('amp', [False, True])
def test_attention_in_half_precision_is_near_the_exact_one(dtype, amp):
    torch.manual_seed(0)
    seen = torch.ones(3, 5, dtype=torch.bool).tril(2)
    maps = [torch.randn(4, 2, n, 8).to(dtype).requires_grad_() for n in (3, 5, 5)]
    exact = [m.detach().double().requires_grad_() for m in maps]
    with torch.autocast('cpu', dtype, enabled=amp):
        found = _mix(*maps, seen)
    wanted = F.scaled_dot_product_attention(*exact, attn_mask=seen)
    assert found.dtype == dtype
    results = [found, *torch.autograd.grad(found.double().square().sum(), maps)]
    expected = [wanted, *torch.autograd.grad(wanted.square().sum(), exact)]
    for a, b in zip(results, expected, strict=True):
        assert (a - b).norm() < 0.01 * b.norm()


def test_chunks_and_a_compiled_tower_give_the_same(encoder):
    tokens = encoder.tokenize(NAMES, prompt_length=4)
    prompt = encoder.embed_words('a photo of a').requires_grad_()
    expected = encoder.forward_plain(tokens, prompt)
    (wanted,) = torch.autograd.grad(expected.square().sum(), prompt)
    for encode in (
        lambda: encoder.encode(tokens, prompt, chunk_size=2),
        lambda: torch.compile(encoder, backend='aot_eager')(tokens, prompt),
    ):
        found = encode()
        torch.testing.assert_close(found, expected)
        (grad,) = torch.autograd.grad(found.square().sum(), prompt)
        torch.testing.assert_close(grad, wanted)


def test_a_compiled_tower_leaves_its_graph_for_the_packing_alone(encoder):
    tokens = encoder.tokenize(NAMES, prompt_length=4)
    found = torch._dynamo.explain(encoder)(tokens, encoder.embed_words('a photo of a'))
    assert found.graph_count == 1


def test_the_packing_is_remembered_until_the_tokens_change(encoder, monkeypatch):
    calls = []
    module = type(encoder).__module__

    def count(ids, *rest):
        calls.append(len(ids))
        return pack(ids, *rest)

    monkeypatch.setattr(f'{module}.pack', count)
    tokens = encoder.tokenize(NAMES)
    for _ in range(2):
        encoder(tokens)
    assert calls == [5]
    tokens.ids.copy_(encoder.tokenize([*NAMES[::-1]]).ids)
    torch.testing.assert_close(encoder(tokens), encoder.forward_plain(tokens))
    assert calls == [5, 5]
    twin = copy.deepcopy(encoder)
    other = encoder.tokenize(['dog'])
    torch.testing.assert_close(twin(other), encoder.forward_plain(other))
    with torch.inference_mode():
        inside = encoder.tokenize(NAMES)
        torch.testing.assert_close(encoder(inside), encoder.forward_plain(inside))


def test_places_of_a_prompt_are_alike_whatever_stands_there():
    ids, ends = torch.tensor([[4, 4, 4, 1], [5, 5, 5, 1]]), torch.tensor([3, 3])
    assert pack(ids, ends).shared == 0
    packed = pack(ids, ends, slice(0, 2))
    assert packed.shared == 2
    assert packed.places.tolist() == [2, 3, 2, 3]


def test_layer_scale_counts_and_other_blocks_are_left_to_open_clip():
    torch.manual_seed(0)
    tower = Transformer(16, layers=3, heads=2, ls_init_value=0.3).double()
    assert can_share(tower.resblocks)
    ids = torch.tensor([[9, 1, 2, 8], [9, 1, 8, 0]])
    ends = torch.tensor([3, 2])
    table = torch.randn(10, 16, dtype=torch.double)
    mask = torch.full((4, 4), float('-inf'), dtype=torch.double).triu(1)
    expected = tower(table[ids], attn_mask=mask)[torch.arange(2), ends]
    packed = pack(ids, ends)
    tokens = [ids[0, : packed.shared], ids[packed.rows, packed.places]]
    found = run_packed(tower.resblocks, table[torch.cat(tokens)], packed)
    torch.testing.assert_close(found, expected)
    assert not can_share(Transformer(16, layers=1, heads=2, qk_norm=True).resblocks)
