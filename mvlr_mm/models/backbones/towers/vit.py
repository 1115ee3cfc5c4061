"""CLIP's own ViTs."""

import math

import torch
import torch.nn.functional as F
from open_clip.transformer import AttentionalPooler, VisionTransformer
from torch import Tensor, nn

from .base import DenseTower, Grid, flatten, fold
from .traceable_attention import make_traceable


class ViTTower(DenseTower):
    """CLIP's ViT: patch tokens after ``ln_post`` and ``proj``.

    A CoCa's attentional pool comes before both; a patch of weight 1 in it comes out as
    one linear map of it, as in :class:`ResNetTower`.

    Positions are interpolated to the grid of the image at hand (bicubic, as open_clip
    does when it loads weights), so one set of weights serves every size.

    Raises:
        ValueError: The tower has two attentional pools.
    """

    projection = ('trunk.proj', 'dropout')

    def __init__(self, tower: VisionTransformer) -> None:
        super().__init__()
        self.pool: nn.Module = nn.Identity()
        if tower.attn_pool is not None:
            if tower.attn_pool_contrastive is not None:
                raise ValueError(
                    f'A ViT with two attentional pools ({tower.attn_pool_type}) is not '
                    'known here; no model of open_clip has one.'
                )
            self.pool = _patch_map(tower.attn_pool)
            del tower.attn_pool
        make_traceable(tower.transformer)
        self.trunk = tower
        self.embed_dim = tower.proj.shape[1]

    def stages(self) -> list[list[nn.Module | nn.Parameter]]:
        """Embedding and every block."""
        t = self.trunk
        embedding = [t.conv1, t.class_embedding, t.positional_embedding, t.ln_pre]
        return [embedding, *([block] for block in t.transformer.resblocks)]

    def parts(self) -> list[str]:
        """Every block and the last norm."""
        count = len(self.trunk.transformer.resblocks)
        blocks = [f'trunk.transformer.resblocks.{i}' for i in range(count)]
        return [*blocks, 'trunk.ln_post']

    def trunk_patches(self, images: Tensor) -> tuple[Tensor, Grid]:
        """See :class:`DenseTower`; tokens (B, 1 + N, W) of a block go on from there."""
        t = self.trunk
        if images.dim() == 4:
            x, grid = self._embed(images)
        else:
            x, grid = images, self._grid(images.shape[1] - 1)
        return t.ln_post(self.pool(t.transformer(x)[:, 1:])), grid

    def _embed(self, images: Tensor) -> tuple[Tensor, Grid]:
        """Return class token and patches, with their positions, and the grid."""
        t = self.trunk
        x, grid = flatten(t.conv1(images))
        first = t.class_embedding.to(x.dtype).expand(x.shape[0], 1, -1)
        x = torch.cat([first, x], dim=1) + self.positions(grid).to(x.dtype)
        return t.ln_pre(x), grid

    def _grid(self, count: int) -> Grid:
        """Return how patches lie in a picture of the tower's own size, or a square."""
        own = tuple(self.trunk.grid_size)
        return own if math.prod(own) == count else (math.isqrt(count),) * 2

    def project(self, patches: Tensor) -> Tensor:
        """See :class:`DenseTower`."""
        return self.dropout(patches) @ self.trunk.proj

    def positions(self, grid: Grid) -> Tensor:
        """Positional embedding of class token and patches, (1 + h * w, width)."""
        own = self.trunk.positional_embedding
        # a program that is compiled for any size has no branch for the size at hand
        if not torch.compiler.is_compiling() and grid == tuple(self.trunk.grid_size):
            return own
        # in half precision torch has no such resize on a CPU
        patches = own[1:].float() if own.element_size() < 4 else own[1:]
        patches = patches.unflatten(0, self.trunk.grid_size).permute(2, 0, 1)[None]
        patches = F.interpolate(
            patches, grid, mode='bicubic', antialias=True, align_corners=False
        )
        return torch.cat([own[:1], patches[0].flatten(1).T.to(own.dtype)])


def _patch_map(pool: AttentionalPooler) -> nn.Sequential:
    """Return what the pool makes of a patch alone: norm, then one linear map."""
    attention, width = pool.attn, pool.attn.embed_dim
    joint = attention.in_proj_weight
    weight = attention.v_proj_weight if joint is None else joint[-width:]
    value = nn.Linear(weight.shape[1], width)
    with torch.no_grad():
        value.weight.copy_(weight)
        value.bias.copy_(attention.in_proj_bias[-width:])
    return nn.Sequential(pool.ln_k, fold(value, attention.out_proj))
