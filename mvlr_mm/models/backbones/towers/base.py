"""What every image tower gives: a vector of CLIP's own space for each patch."""

from abc import abstractmethod

import torch
from torch import Tensor, nn

from ..trunk_parts import parts_of

Grid = tuple[int, int]
Size = int | tuple[int, int]  # of pictures, in pixels: side, or height and width


class DenseTower(nn.Module):
    """An image tower that gives a vector for every patch.

    A patch comes out as the tower's own pooling and projection would give a picture
    that is this patch alone.

    Attributes:
        embed_dim: Width D, that of the CLIP's joint space.
        dropout: Acts on the trunk's features, before their projection to that space.
        trunk: What is before that projection.
        projection: Names of what is behind the trunk's features.
        convolutional: Whether most of the trunk's weights are convolutions'.
    """

    embed_dim: int
    trunk: nn.Module
    projection: tuple[str, ...] = ('proj', 'dropout')

    def __init__(self) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.0)

    @property
    def convolutional(self) -> bool:
        """See the class."""
        sizes = [(p.dim() == 4, p.numel()) for p in self.trunk.parameters()]
        return 2 * sum(n for conv, n in sizes if conv) > sum(n for _, n in sizes)

    @abstractmethod
    def stages(self) -> list[list[nn.Module | nn.Parameter]]:
        """Return the parts of the trunk, from the image on, for freezing the first."""

    def parts(self) -> list[str]:
        """Return the dotted names of the trunk's parts; see ``PatchBackbone``."""
        return list(parts_of(self.trunk, 'trunk'))

    @abstractmethod
    def trunk_patches(self, images: Tensor) -> tuple[Tensor, Grid]:
        """Turn (B, 3, H, W) into the trunk's patches (B, N, W) and their grid."""

    def project(self, patches: Tensor) -> Tensor:
        """Turn the trunk's patches (B, N, W) into those of the joint space."""
        return self.proj(self.dropout(patches))

    def forward(self, images: Tensor) -> tuple[Tensor, Grid]:
        """Turn (B, 3, H, W) into patches (B, N, D) and their grid (h, w)."""
        patches, grid = self.trunk_patches(images)
        return self.project(patches), grid


def fold(value: nn.Linear, output: nn.Linear) -> nn.Linear:
    """One linear map that equals ``output(value(x))``, computed in float64."""
    weight = output.weight.double()
    bias = torch.zeros(len(weight)).double()
    result = nn.Linear(value.in_features, output.out_features)
    with torch.no_grad():
        result.weight.copy_(weight @ value.weight.double())
        if output.bias is not None:
            bias = output.bias.double()
        if value.bias is not None:
            bias = bias + weight @ value.bias.double()
        result.bias.copy_(bias)
    return result


def last_rows(joint: nn.Linear, count: int) -> nn.Linear:
    """Return the map to the last ``count`` features of a joint one: values of a qkv."""
    part = nn.Linear(joint.in_features, count, bias=joint.bias is not None)
    with torch.no_grad():
        part.weight.copy_(joint.weight[-count:])
        if joint.bias is not None:
            part.bias.copy_(joint.bias[-count:])
    return part


def flatten(x: Tensor) -> tuple[Tensor, Grid]:
    """Turn a map (B, D, h, w) into patches (B, h * w, D) and (h, w)."""
    # a linear map would copy them to this layout anyhow; in an exported graph that copy
    # would depend on whether there is one picture or more
    return x.flatten(2).transpose(1, 2).contiguous(), (x.shape[2], x.shape[3])
