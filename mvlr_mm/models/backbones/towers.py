"""The image towers of open_clip without their pooling: maps in CLIP's own space."""

from abc import abstractmethod

import torch
import torch.nn.functional as F
from open_clip.modified_resnet import ModifiedResNet
from open_clip.timm_model import TimmModel
from open_clip.transformer import VisionTransformer
from torch import Tensor, nn

Grid = tuple[int, int]


class DenseTower(nn.Module):
    """An image tower that gives a vector for every patch.

    Attributes:
        embed_dim: Width D, that of the CLIP's joint space.
        dropout: Acts on the trunk's features, before their projection to that space.
    """

    embed_dim: int

    def __init__(self) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.0)

    @abstractmethod
    def stages(self) -> list[list[nn.Module | nn.Parameter]]:
        """Return the parts of the trunk, from the image on, for freezing the first."""

    @abstractmethod
    def forward(self, images: Tensor) -> tuple[Tensor, Grid]:
        """Turn (B, 3, H, W) into patches (B, N, D) and their grid (h, w)."""


class ResNetTower(DenseTower):
    """CLIP's ResNet; its attention pool folded into one linear map.

    The pool's value and output maps, one after the other, are linear:
    ``W = W_c W_v`` and ``b = W_c b_v + b_c``. A patch of weight 1 in the pool would
    come out as this map of it, so the patches start aligned with the text.
    """

    def __init__(self, tower: ModifiedResNet) -> None:
        super().__init__()
        pool = tower.attnpool
        self.proj = fold(pool.v_proj, pool.c_proj)
        self.embed_dim = self.proj.out_features
        tower.attnpool = None
        self.trunk = tower

    def stages(self) -> list[list[nn.Module | nn.Parameter]]:
        """Stem and the four layers."""
        t = self.trunk
        stem = [t.conv1, t.bn1, t.conv2, t.bn2, t.conv3, t.bn3]
        return [stem, [t.layer1], [t.layer2], [t.layer3], [t.layer4]]

    def forward(self, images: Tensor) -> tuple[Tensor, Grid]:
        """See :class:`DenseTower`."""
        x = self.trunk.stem(images)
        for layer in ('layer1', 'layer2', 'layer3', 'layer4'):
            x = getattr(self.trunk, layer)(x)
        patches, grid = flatten(x)
        return self.proj(self.dropout(patches)), grid


class ViTTower(DenseTower):
    """CLIP's ViT: patch tokens after ``ln_post`` and ``proj``.

    Positions are interpolated to the grid of the image at hand (bicubic, as open_clip
    does when it loads weights), so one set of weights serves every size.
    """

    def __init__(self, tower: VisionTransformer) -> None:
        super().__init__()
        if tower.attn_pool is not None:
            raise ValueError(
                'A ViT with an attentional pool (CoCa) has no patch in the joint '
                'space; choose a CLIP whose ViT ends with its own tokens.'
            )
        self.trunk = tower
        self.embed_dim = tower.proj.shape[1]

    def stages(self) -> list[list[nn.Module | nn.Parameter]]:
        """Embedding and every block."""
        t = self.trunk
        embedding = [t.conv1, t.class_embedding, t.positional_embedding, t.ln_pre]
        return [embedding, *([block] for block in t.transformer.resblocks)]

    def forward(self, images: Tensor) -> tuple[Tensor, Grid]:
        """See :class:`DenseTower`."""
        t = self.trunk
        x, grid = flatten(t.conv1(images))
        first = t.class_embedding.to(x.dtype).expand(len(x), 1, -1)
        x = torch.cat([first, x], dim=1) + self.positions(grid).to(x.dtype)
        x = t.transformer(t.ln_pre(x))
        return self.dropout(t.ln_post(x[:, 1:])) @ t.proj, grid

    def positions(self, grid: Grid) -> Tensor:
        """Positional embedding of class token and patches, (1 + h * w, width)."""
        own = self.trunk.positional_embedding
        if grid == tuple(self.trunk.grid_size):
            return own
        patches = own[1:].unflatten(0, self.trunk.grid_size).permute(2, 0, 1)[None]
        patches = F.interpolate(
            patches, grid, mode='bicubic', antialias=True, align_corners=False
        )
        return torch.cat([own[:1], patches[0].flatten(1).T])


class TimmTower(DenseTower):
    """A timm trunk inside open_clip, with the projection that open_clip put behind it.

    Args:
        tower: open_clip's wrapper.
        img_size: Side in pixels, for trunks whose positions belong to a size.

    Raises:
        ValueError: The projection cannot be applied to a patch.
    """

    def __init__(self, tower: TimmModel, img_size: int | None = None) -> None:
        super().__init__()
        self.trunk = tower.trunk
        if img_size is not None and hasattr(self.trunk, 'set_input_size'):
            self.trunk.set_input_size(img_size=img_size)
        parts = dict(tower.head.named_children())
        pool = parts.pop('pool', None)
        if pool is not None:
            value = pool.v if hasattr(pool, 'v') else _value_map(pool.qkv)
            self.proj: nn.Module = fold(value, pool.proj)
        else:
            self.proj = parts.pop('proj', None) or parts.pop('mlp', nn.Identity())
        # ConvNeXt-like trunks norm after their pooling: the norm belongs to a patch too
        self.norm = getattr(getattr(self.trunk, 'head', None), 'norm', nn.Identity())
        self.embed_dim = self._width()

    def _width(self) -> int:
        for module in (self.proj, getattr(self.proj, 'fc2', None)):
            if isinstance(module, nn.Linear):
                return module.out_features
        return self.trunk.num_features

    def stages(self) -> list[list[nn.Module | nn.Parameter]]:
        """Return the trunk's direct parts, the members of a sequence one by one."""
        result: list[list[nn.Module | nn.Parameter]] = []
        for name, child in self.trunk.named_children():
            if name in ('blocks', 'stages', 'layers') and list(child.children()):
                result += [[part] for part in child.children()]
            elif list(child.parameters()):
                result.append([child])
        return result

    def forward(self, images: Tensor) -> tuple[Tensor, Grid]:
        """See :class:`DenseTower`."""
        x = self.trunk.forward_features(images)
        if x.dim() == 3:  # tokens, class tokens first
            x = x[:, getattr(self.trunk, 'num_prefix_tokens', 0) :]
            size = self.trunk.patch_embed.patch_size
            grid = (images.shape[2] // size[0], images.shape[3] // size[1])
            return self.proj(self.dropout(x)), grid
        if x.shape[1] != self.trunk.num_features:  # channels last: Swin and its like
            x = x.permute(0, 3, 1, 2)
        patches, grid = flatten(self.norm(x))
        return self.proj(self.dropout(patches)), grid


def make_tower(visual: nn.Module, img_size: int | None = None) -> DenseTower:
    """Wrap the image tower of an open_clip model.

    Raises:
        ValueError: The tower is of a kind that is not known here.
    """
    if isinstance(visual, ModifiedResNet):
        return ResNetTower(visual)
    if isinstance(visual, VisionTransformer):
        return ViTTower(visual)
    if isinstance(visual, TimmModel):
        return TimmTower(visual, img_size)
    raise ValueError(f'No dense form of the image tower {type(visual).__name__}.')


def fold(value: nn.Linear, output: nn.Linear) -> nn.Linear:
    """One linear map that equals ``output(value(x))``, computed in float64."""
    weight, bias = output.weight.double(), output.bias.double()
    result = nn.Linear(value.in_features, output.out_features)
    with torch.no_grad():
        result.weight.copy_(weight @ value.weight.double())
        if value.bias is not None:
            bias = bias + weight @ value.bias.double()
        result.bias.copy_(bias)
    return result


def flatten(x: Tensor) -> tuple[Tensor, Grid]:
    """Turn a map (B, D, h, w) into patches (B, h * w, D) and (h, w)."""
    return x.flatten(2).transpose(1, 2), (x.shape[2], x.shape[3])


def _value_map(qkv: nn.Linear) -> nn.Linear:
    """Return the last third of a joint query-key-value map."""
    width = qkv.out_features // 3
    value = nn.Linear(qkv.in_features, width, bias=qkv.bias is not None)
    value.weight.data.copy_(qkv.weight.data[-width:])
    if qkv.bias is not None:
        value.bias.data.copy_(qkv.bias.data[-width:])
    return value
