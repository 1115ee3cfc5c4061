"""PyTorch's multi-head attention, in operations that a graph of any batch can have."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ....ops import linear, prefers_onednn


class TraceableAttention(nn.MultiheadAttention):
    """``MultiheadAttention`` of a sequence with itself; the same weights and values.

    PyTorch's own moves the batch behind the sequence, and ``torch.export`` concludes
    that a batch of 1 is another program. It is still what runs outside of a graph,
    where its products are not slower than oneDNN's.
    """

    def forward(self, query: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, None]:
        """See ``MultiheadAttention``; here (B, N, D) without mask or weights."""
        mask = kwargs.get('attn_mask')
        maps = (self.in_proj_weight, self.in_proj_bias)
        here = torch.compiler.is_compiling() or prefers_onednn(query, *maps)
        if mask is not None or not here:
            return super().forward(query, *args, **kwargs)
        joint = linear(query, *maps)
        heads = joint.unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*heads.unbind(0))
        mixed = mixed.transpose(1, 2).flatten(2)
        return linear(mixed, self.out_proj.weight, self.out_proj.bias), None


def make_traceable(tower: nn.Module) -> None:
    """Let the self-attention in a tower be traced; its weights stay where they are.

    Args:
        tower: Each of its ``MultiheadAttention`` must attend to its own sequence.
    """
    for module in tower.modules():
        if type(module) is nn.MultiheadAttention and module.batch_first:
            module.__class__ = TraceableAttention
