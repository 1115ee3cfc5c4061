"""A causal text tower on texts that begin alike.

What a causal tower makes of a token depends on the tokens before it alone. Texts that
share their first tokens, such as a start token and a soft prompt, share what becomes of
them: it is computed once, and each text's own tokens attend to it. Only the token that
stands for a text goes through the last block.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from open_clip.transformer import ResidualAttentionBlock
from torch import Tensor, nn
from torch.nn import functional as F

from ...ops import linear

NOWHERE = slice(0)


class Packed(NamedTuple):
    """Where the tokens of C texts go: P that all share, then T in a row, text by text.

    Beside the P shared ones a text has at most S tokens; T is their number in all.
    """

    shared: int  # P
    rows: Tensor  # (T,) text of each token
    places: Tensor  # (T,) its place in the text, from P on
    padded: Tensor  # (C, S) which of the T stands there; any of them behind an end
    flat: Tensor  # (T,) where each of them is among the C * S
    ends: Tensor  # (C,) which of the T is the last of each text


def count_shared(ids: Tensor, ends: Tensor, prompt: slice = NOWHERE) -> int:
    """Return how many first tokens all texts share; each keeps its last one to itself.

    Args:
        ids: Tokens (C, S), equal where texts are equal.
        ends: Place of the last token that counts in each text, (C,).
        prompt: Places of a prompt that all share, whatever the ids there.
    """
    alike = (ids == ids[:1]).all(dim=0).int()
    alike[prompt] = 1
    return min(int(alike.cumprod(dim=0).sum()), int(ends.min()))


def pack(ids: Tensor, ends: Tensor, prompt: slice = NOWHERE) -> Packed:
    """Find what texts share, and put the rest in a row; see :func:`count_shared`."""
    shared = count_shared(ids, ends, prompt)
    own = torch.arange(shared, int(ends.max()) + 1, device=ids.device) <= ends[:, None]
    rows, places = own.nonzero(as_tuple=True)
    flat = rows * own.shape[1] + places
    padded = torch.zeros(own.numel(), dtype=torch.long, device=ids.device)
    padded[flat] = torch.arange(len(flat), device=ids.device)
    return Packed(
        shared,
        rows,
        places + shared,
        padded.view_as(own),
        flat,
        own.sum(dim=1).cumsum(dim=0) - 1,
    )


def can_share(blocks: Sequence[nn.Module]) -> bool:
    """Tell whether :func:`run_packed` knows these blocks: those of open_clip's CLIPs.

    Args:
        blocks: Of the tower.
    """
    return all(type(block) is ResidualAttentionBlock for block in blocks)


def run_packed(blocks: Sequence[nn.Module], x: Tensor, packed: Packed) -> Tensor:
    """Run a causal tower; the same as on each text by itself, but for rounding.

    Args:
        blocks: Of the tower, see :func:`can_share`.
        x: Embedded tokens with their positions, the P shared ones first, (P + T, W).
        packed: From :func:`pack`.

    Returns:
        The last token of each text, (C, W).
    """
    *firsts, last = blocks
    for block in firsts:
        x = x + block.ls_1(_attend(block.attn, block.ln_1(x), packed))
        x = x + block.ls_2(block.mlp(block.ln_2(x)))
    ends = packed.shared + packed.ends
    read = x[ends] + last.ls_1(_attend_last(last.attn, last.ln_1(x), packed))
    return read + last.ls_2(last.mlp(last.ln_2(read)))


def _attend(attn: nn.MultiheadAttention, x: Tensor, packed: Packed) -> Tensor:
    """Let every token attend to those before it, (P + T, W)."""
    maps = linear(x, attn.in_proj_weight, attn.in_proj_bias)
    keys, values, own = _keys_and_values(attn, maps, packed)
    queries = own[..., 0, :, :].transpose(1, 2)  # (C, H, S, d)
    seen = keys.new_ones(queries.shape[2], keys.shape[2], dtype=torch.bool)
    mixed = _mix(queries, keys, values, seen.tril(packed.shared))
    mixed = mixed.transpose(1, 2).reshape(-1, x.shape[1])[packed.flat]
    if packed.shared:
        first = maps[: packed.shared].unflatten(1, (3, attn.num_heads, -1))
        alike = F.scaled_dot_product_attention(
            *first.permute(1, 2, 0, 3).unbind(), is_causal=True
        )
        mixed = torch.cat([alike.transpose(0, 1).flatten(1), mixed])
    return linear(mixed, attn.out_proj.weight, attn.out_proj.bias)


def _attend_last(attn: nn.MultiheadAttention, x: Tensor, packed: Packed) -> Tensor:
    """Let the last token of each text attend to the others, (C, W)."""
    width = x.shape[1]
    weight, bias = attn.in_proj_weight, attn.in_proj_bias
    ends = packed.shared + packed.ends
    queries = linear(x[ends], weight[:width], bias[:width])
    others = linear(x, weight[width:], bias[width:])
    keys, values, _ = _keys_and_values(attn, others, packed)
    queries = queries.view(len(ends), attn.num_heads, 1, -1)
    counts = torch.arange(keys.shape[2], device=x.device)
    seen = counts <= packed.places[packed.ends, None]  # (C, P + S)
    mixed = _mix(queries, keys, values, seen[:, None, None])
    return linear(mixed.flatten(1), attn.out_proj.weight, attn.out_proj.bias)


def _mix(queries: Tensor, keys: Tensor, values: Tensor, seen: Tensor) -> Tensor:
    """Attend, (C, H, ., d), where ``seen`` is True."""
    if queries.device.type != 'cpu' or queries.element_size() > 2:
        return F.scaled_dot_product_attention(queries, keys, values, attn_mask=seen)
    # for so few tokens torch's kernel for half precision on a CPU takes three times as
    # long
    scores = (queries * queries.shape[-1] ** -0.5) @ keys.mT
    scores = scores.masked_fill(~seen, float('-inf'))
    weights = scores.softmax(dim=-1, dtype=torch.float32)
    return weights.to(values.dtype) @ values


def _keys_and_values(
    attn: nn.MultiheadAttention, maps: Tensor, packed: Packed
) -> tuple[Tensor, Tensor, Tensor]:
    """Put each text's tokens behind the shared ones.

    Args:
        attn: Whose heads divide the maps.
        maps: The tokens' maps, of which keys and values are the last two,
            (P + T, M * W).
        packed: From :func:`pack`.

    Returns:
        Keys and values (C, H, P + S, d), and all maps of the texts' own tokens,
        (C, S, M, H, d).
    """
    parts = maps.unflatten(1, (-1, attn.num_heads, attn.head_dim))
    own = parts[packed.shared :][packed.padded]
    alike = parts[: packed.shared].expand(len(own), -1, -1, -1, -1)
    both = torch.cat([alike[..., -2:, :, :], own[..., -2:, :, :]], dim=1)
    keys, values = both.permute(2, 0, 3, 1, 4).unbind()
    return keys, values, own
