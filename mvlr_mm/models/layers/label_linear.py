"""A classifier with a token for each label."""

import torch
from torch import Tensor, nn


class LabelLinear(nn.Module):
    """Give the token of each label a logit by a row of that label's own.

    ``logit_c = <w_c, token_c> + b_c``: the diagonal of a linear map to C outputs,
    without computing the rest of it.

    Args:
        embed_dim: Width D of the tokens.
        num_labels: C.
    """

    def __init__(self, embed_dim: int, num_labels: int) -> None:
        super().__init__()
        bound = embed_dim**-0.5
        self.weight = nn.Parameter(
            torch.empty(num_labels, embed_dim).uniform_(-bound, bound)
        )
        self.bias = nn.Parameter(torch.empty(num_labels).uniform_(-bound, bound))

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits, (B, C), of tokens, (B, C, D)."""
        return (tokens * self.weight).sum(dim=-1) + self.bias
