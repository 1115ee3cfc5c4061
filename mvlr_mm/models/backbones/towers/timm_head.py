"""What a timm trunk and open_clip do behind the features, for a patch alone."""

from timm.layers import AttentionPoolLatent
from torch import Tensor, nn

from .base import fold, last_rows


class PoolOfOne(nn.Module):
    """timm's attention pool with a latent query, for one key.

    The softmax over one key is 1, so the query drops out: what is left are the value
    and output maps, folded to one, and the pool's MLP.

    Args:
        pool: timm's ``AttentionPoolLatent``; its norm and MLP are taken over.
    """

    def __init__(self, pool: AttentionPoolLatent) -> None:
        super().__init__()
        value = last_rows(pool.kv, pool.kv.out_features // 2)
        has_output = isinstance(pool.proj, nn.Linear)
        self.proj = fold(value, pool.proj) if has_output else value
        self.norm, self.mlp = pool.norm, pool.mlp
        self.in_features = self.proj.in_features
        self.out_features = self.proj.out_features

    def forward(self, x: Tensor) -> Tensor:
        """Turn (..., in_features) into (..., out_features)."""
        x = self.proj(x)
        return x if self.mlp is None else x + self.mlp(self.norm(x))


def take_head(trunk: nn.Module) -> list[nn.Module]:
    """Take attention pool and classifier from a timm trunk, in their order.

    Behind it the trunk's ``forward_head`` is its pooling and its norms.

    Args:
        trunk: Changed in place.

    Returns:
        What to apply to each patch; open_clip uses the classifier as its projection.

    Raises:
        ValueError: Pool or classifier are of a kind that is not known here.
    """
    parts: list[nn.Module] = []
    pool = getattr(trunk, 'attn_pool', None)
    if pool is not None:
        _check_kind(trunk, 'attn_pool', pool, AttentionPoolLatent)
        if pool.pos_embed is not None:
            raise ValueError(
                f'The attention pool of {type(trunk).__name__} has positions of its '
                'own, which a patch alone has not; choose another timm_model_name.'
            )
        parts += [PoolOfOne(pool), trunk.fc_norm]
        del trunk.attn_pool  # or None would stay among its modules
        trunk.attn_pool, trunk.fc_norm, trunk.global_pool = None, nn.Identity(), 'token'
    classifier = trunk.get_classifier()
    _check_kind(trunk, 'classifier', classifier, (nn.Linear, nn.Identity))
    parts.append(classifier)
    trunk.reset_classifier(0)
    return [part for part in parts if not isinstance(part, nn.Identity)]


def fold_open_clips_pool(pool: nn.Module) -> nn.Linear:
    """Return open_clip's attention pool behind a timm trunk, for a patch alone.

    Args:
        pool: timm's ``AttentionPool2d`` or ``RotAttentionPool2d``.
    """
    value = getattr(pool, 'v', None) or last_rows(pool.qkv, pool.qkv.out_features // 3)
    return fold(value, pool.proj)


def _check_kind(trunk: nn.Module, name: str, part: object, kinds: type | tuple) -> None:
    if not isinstance(part, kinds):
        raise ValueError(
            f'The {name} of {type(trunk).__name__} is a {type(part).__name__}, '
            'of which no form for a patch alone is known here; choose another '
            'timm_model_name.'
        )
