"""How far a backbone stays as it is while the rest of its model trains."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..engine import FreezeModules
from ..engine.fit_weights import unwrap
from ..models.backbones import DenseProjection
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


def stages_of(backbone: PatchBackbone) -> list[str]:
    """Return up to where a backbone can stay as it is, from the pictures on.

    First the parts of its trunk by name, then :data:`TRUNK` and :data:`PATCHES`.
    """
    return [*backbone.parts(), TRUNK, PATCHES]


def frozen_stage(model: nn.Module, freezers: Iterable[FreezeModules] = ()) -> str:
    """Return up to where the backbone of a model gives the same in every epoch.

    Args:
        model: It comes out in the mode, and with the frozen parts, of a training.
        freezers: Hooks of the training that freeze parts of it.

    Returns:
        The last of :func:`stages_of`. Behind a projection without weights it is the
        trunk, so that all backbones on one trunk share what it gives.

    Raises:
        ValueError: Something in the trunk's first part trains, and the message names
            it; or the projection is frozen, and random.
    """
    backbone = backbone_of(model)
    model.train()
    for hook in freezers:
        hook.freeze(unwrap(model))
        hook.hold(unwrap(model))
    moving = list(_moving(backbone))
    trunk = [name for name in moving if not _is_in(name, backbone.projection)]
    if trunk:
        return _last_frozen_part(backbone, trunk)
    names = [name for name, _ in backbone.named_parameters()]
    projects = any(_is_in(name, backbone.projection) for name in names)
    if not projects or moving:
        return TRUNK
    _check_filled(backbone)
    return PATCHES


def _check_filled(backbone: PatchBackbone) -> None:
    # another process would draw others, and never train them
    for name, part in backbone.named_modules():
        if isinstance(part, DenseProjection) and part.is_as_drawn():
            raise ValueError(
                f'backbone.{name}.proj is frozen, and random, since no checkpoint has '
                'filled it: features behind it would fit no other run. Freeze the '
                "trunk alone: dict(type='FreezeModules', names=['backbone.trunk'])."
            )


def _last_frozen_part(backbone: PatchBackbone, moving: Sequence[str]) -> str:
    """Return the part of the trunk behind which something moves for the first time."""
    parts = backbone.parts()
    still = takewhile(lambda p: not any(_is_in(m, [p]) for m in moving), parts)
    leading = list(still)
    elsewhere = [name for name in moving if not _is_in(name, parts)]
    if leading and not elsewhere:
        return leading[-1]
    raise ValueError(
        f'features can be kept only of what stays as it is, and here {len(moving)} of '
        "the trunk's parameters or parts do not: "
        f'{_listed([f"backbone.{name}" for name in moving])}. Freeze it: '
        "custom_hooks=[..., dict(type='FreezeModules', names=['backbone'])], "
        "['backbone.trunk'] of a DenseBackbone, or "
        'frozen_stages=-1 of CLIPBackbone; or its first parts, frozen_stages=1 and '
        'more, where it goes on from one to the next.'
    )


def frozen_weights(backbone: PatchBackbone, stage: str) -> dict[str, Tensor]:
    """Return the weights that what is kept depends on, by name.

    Args:
        backbone: Whose weights.
        stage: One of :func:`stages_of`.
    """
    stages = stages_of(backbone)
    behind = stages[stages.index(stage) + 1 : -2]  # of the trunk
    if stage != PATCHES:
        behind += backbone.projection
    weights = backbone.state_dict()
    return {k: v for k, v in weights.items() if not _is_in(k, behind)}


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
