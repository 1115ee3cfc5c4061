"""How far a backbone stays as it is while the rest of its model trains."""

from collections.abc import Iterable, Iterator, Sequence

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..engine import FreezeModules
from ..engine.fit_weights import unwrap
from ..models.backbones.patch_backbone import PatchBackbone

PATCHES = 'patches'  # all of the backbone is frozen
TRUNK = 'trunk'  # its projection trains, or has no weights


def backbone_of(model: nn.Module) -> PatchBackbone:
    """Return the backbone of a model, wrapped or not.

    Raises:
        ValueError: It is none that has two halves.
    """
    backbone = getattr(unwrap(model), 'backbone', None)
    if not isinstance(backbone, PatchBackbone):
        raise ValueError(
            f'the backbone {type(backbone).__name__} gives no patches to keep; use '
            'CLIPBackbone, or DenseBackbone around this one.'
        )
    return backbone


def frozen_stage(model: nn.Module, freezers: Iterable[FreezeModules] = ()) -> str:
    """Return up to where the backbone of a model gives the same in every epoch.

    Args:
        model: It comes out in the mode, and with the frozen parts, of a training.
        freezers: Hooks of the training that freeze parts of it.

    Returns:
        :data:`PATCHES` or :data:`TRUNK`. Behind a projection without weights it is the
        trunk, so that all backbones on one trunk share what it gives.

    Raises:
        ValueError: Something in the trunk trains; the message names it.
    """
    backbone = backbone_of(model)
    model.train()
    for hook in freezers:
        hook.freeze(unwrap(model))
        hook.hold(unwrap(model))
    moving = list(_moving(backbone))
    trunk = [name for name in moving if not _is_in(name, backbone.projection)]
    if trunk:
        raise ValueError(
            f'features can be kept only of a backbone that stays as it is, and here '
            f'{len(trunk)} of its parameters or parts do not: '
            f'{_listed([f"backbone.{name}" for name in trunk])}. Freeze it: '
            "custom_hooks=[..., dict(type='FreezeModules', names=['backbone'])], or "
            'frozen_stages=-1 of CLIPBackbone.'
        )
    names = [name for name, _ in backbone.named_parameters()]
    projects = any(_is_in(name, backbone.projection) for name in names)
    return PATCHES if projects and not moving else TRUNK


def frozen_weights(backbone: PatchBackbone, stage: str) -> dict[str, Tensor]:
    """Return the weights that what is kept depends on, by name."""
    return {
        name: value
        for name, value in backbone.state_dict().items()
        if stage == PATCHES or not _is_in(name, backbone.projection)
    }


def _moving(module: nn.Module) -> Iterator[str]:
    """Yield the parameters that train, and the parts that draw or count in training."""
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            yield name
    for name, part in module.named_modules():
        drops = 'Drop' in type(part).__name__ and (
            getattr(part, 'p', 0) or getattr(part, 'drop_prob', 0)
        )
        if part.training and (drops or isinstance(part, _BatchNorm)):
            yield name


def _is_in(name: str, parts: Sequence[str]) -> bool:
    return any(name == part or name.startswith(f'{part}.') for part in parts)


def _listed(names: Sequence[str]) -> str:
    return ', '.join(names[:3]) + (', ...' if len(names) > 3 else '')
