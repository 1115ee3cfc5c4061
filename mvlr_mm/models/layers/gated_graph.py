"""A gated graph network: labels send each other messages and update like a GRU."""

import torch
from torch import Tensor, nn

from ...argument_checks import check_count


class GatedGraph(nn.Module):
    """The `gated graph network <https://arxiv.org/abs/1511.05493>`_ of SSGRL and SALGL.

    Each step, with the messages ``a = [A h, A^T h]`` of every node::

        z = sigmoid(W_z a + U_z h),  r = sigmoid(W_r a + U_r h)
        h <- (1 - z) h + z tanh(W a + U (r h))

    Args:
        embed_dim: Width D of a node.
        num_steps: Number of steps; all have the same weights.

    Raises:
        ValueError: ``num_steps`` is below 1.
    """

    def __init__(self, embed_dim: int, num_steps: int) -> None:
        super().__init__()
        check_count('num_steps', num_steps)
        self.num_steps = num_steps
        self.update_message = nn.Linear(2 * embed_dim, embed_dim)
        self.update_state = nn.Linear(embed_dim, embed_dim)
        self.reset_message = nn.Linear(2 * embed_dim, embed_dim)
        self.reset_state = nn.Linear(embed_dim, embed_dim)
        self.new_message = nn.Linear(2 * embed_dim, embed_dim)
        self.new_state = nn.Linear(embed_dim, embed_dim)

    def forward(self, nodes: Tensor, adjacency: Tensor) -> Tensor:
        """Return the nodes after all steps, (B, C, D).

        Args:
            nodes: (B, C, D).
            adjacency: (C, C), or (B, C, C) of each picture.
        """
        adjacency = adjacency.to(nodes.dtype)
        for _ in range(self.num_steps):
            message = torch.cat([adjacency @ nodes, adjacency.mT @ nodes], dim=-1)
            update = (self.update_message(message) + self.update_state(nodes)).sigmoid()
            reset = (self.reset_message(message) + self.reset_state(nodes)).sigmoid()
            new = (self.new_message(message) + self.new_state(reset * nodes)).tanh()
            nodes = (1 - update) * nodes + update * new
        return nodes
