"""timm's trunks within open_clip."""

from open_clip.timm_model import TimmModel
from timm.layers import Mlp
from torch import Tensor, nn

from .base import DenseTower, Grid, Size, flatten
from .timm_head import PoolOfOne, fold_open_clips_pool, take_head


class TimmTower(DenseTower):
    """A timm trunk inside open_clip, with the projection that open_clip puts behind it.

    The trunk's own norms behind its pooling (ConvNeXt's, a ViT's ``fc_norm``) act on
    every patch as if it were the picture. Then comes ``proj``: an attention pool, of
    which a patch alone needs the value and output maps, and the linear map or MLP to
    the joint space, of the trunk or of open_clip. No other part of a pool is kept.

    Args:
        tower: open_clip's wrapper.
        img_size: Side, or height and width, in pixels, for trunks whose positions
            belong to a size.

    Raises:
        ValueError: The trunk's head is of a kind that is not known here, or does not
            fit the projection; or, in ``forward``, the pictures are of another size
            than the trunk's positions, or the patches have no known grid.
    """

    def __init__(self, tower: TimmModel, img_size: Size | None = None) -> None:
        super().__init__()
        trunk = self.trunk = tower.trunk
        if img_size is not None and hasattr(trunk, 'set_input_size'):
            trunk.set_input_size(img_size=img_size)
        behind = dict(tower.head.named_children())
        parts = take_head(trunk)
        if 'pool' in behind:
            parts.append(fold_open_clips_pool(behind['pool']))
        parts += [behind[name] for name in ('proj', 'mlp') if name in behind]
        width = getattr(trunk, 'head_hidden_size', None) or trunk.num_features
        self.embed_dim = self._check_widths(parts, width)
        self.proj = parts[0] if len(parts) == 1 else nn.Sequential(*parts)
        self.num_prefix_tokens = getattr(trunk, 'num_prefix_tokens', 0)
        self.channels_last_map = getattr(trunk, 'output_fmt', 'NCHW') == 'NHWC'

    def _check_widths(self, parts: list[nn.Module], width: int) -> int:
        """Return the width behind all parts, of which each must fit the one before."""
        for part in parts:
            if isinstance(part, Mlp):
                taken, given = part.fc1.in_features, part.fc2.out_features
            elif isinstance(part, (nn.Linear, PoolOfOne)):
                taken, given = part.in_features, part.out_features
            else:  # a norm
                continue
            if taken != width:
                raise ValueError(
                    f'The trunk {type(self.trunk).__name__} gives {width} features and '
                    f'its projection takes {taken}, so that open_clip cannot run this '
                    'model either: choose another timm_model_name.'
                )
            width = given
        return width

    def stages(self) -> list[list[nn.Module | nn.Parameter]]:
        """Return the trunk's direct parts, the members of a sequence one by one.

        Parameters of the trunk itself (class token, positions) go with the first.
        """
        result: list[list[nn.Module | nn.Parameter]] = []
        for name, child in self.trunk.named_children():
            if name in ('blocks', 'stages', 'layers') and list(child.children()):
                result += [[part] for part in child.children()]
            elif list(child.parameters()):
                result.append([child])
        result[0] += self.trunk.parameters(recurse=False)
        return result

    def trunk_patches(self, images: Tensor) -> tuple[Tensor, Grid]:
        """See :class:`DenseTower`."""
        self._check_size(images)
        x = self.trunk.forward_features(images)
        if x.dim() == 3:
            grid = self._grid(images, x.shape[1] - self.num_prefix_tokens)
            # The pool takes the first token, or those behind the prefix: all are alike.
            alone = x[:, self.num_prefix_tokens :].flatten(0, 1).unsqueeze(1)
            alone = alone.expand(-1, 1 + self.num_prefix_tokens, -1)
        elif self.channels_last_map:
            grid = (x.shape[1], x.shape[2])
            alone = x.flatten(0, 2)[:, None, None]
        else:
            patches, grid = flatten(x)
            alone = patches.flatten(0, 1)[:, :, None, None]
        # behind a pool of its own open_clip leaves the trunk none that flattens
        patches = self.trunk.forward_head(alone).flatten(1)
        return patches.unflatten(0, (images.shape[0], grid[0] * grid[1])), grid

    def _check_size(self, images: Tensor) -> None:
        built = getattr(getattr(self.trunk, 'patch_embed', None), 'img_size', None)
        given = tuple(images.shape[2:])
        if built in (None, given) or getattr(self.trunk, 'dynamic_img_size', False):
            return
        raise ValueError(
            f'The pictures are {given[0]} x {given[1]} pixels and the positions of '
            f'this {type(self.trunk).__name__} are for {built[0]} x {built[1]}: set '
            f'img_size={given} of CLIPBackbone.'
        )

    def _grid(self, images: Tensor, count: int) -> Grid:
        """Return how ``count`` patches lie in the pictures."""
        embed = getattr(self.trunk, 'patch_embed', None)
        size = getattr(embed, 'dynamic_feat_size', None)
        grid = (0, 0) if size is None else size(tuple(images.shape[2:]))
        if grid[0] * grid[1] != count:
            raise ValueError(
                f'The {count} patches of {type(self.trunk).__name__} have no known '
                'grid; choose another timm_model_name.'
            )
        return grid

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: object
    ) -> None:
        for name in ('norm.weight', 'norm.bias'):  # older files have the trunk's twice
            state_dict.pop(prefix + name, None)
        super()._load_from_state_dict(state_dict, prefix, *args)
