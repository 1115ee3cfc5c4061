"""Making BatchNorm part of the convolution before it."""

from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_weights

# A convolution's map changes by rounding alone; beyond this part of the largest score
# something else must have gone wrong.
_TOLERANCE = 1e-3
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def fold_norms(model: nn.Module, run: Callable[[], Tensor]) -> int:
    """Fold every BatchNorm that takes a convolution's output into that convolution.

    Which does is seen in a run, not guessed from the order of the parts. An activation
    that is part of the norm (timm's ``BatchNormAct2d``) stays behind in its place.

    Args:
        model: Changed in place; in eval mode.
        run: Calls the model on some input and returns its output, of any shape.

    Returns:
        How many norms were folded.

    Raises:
        ValueError: The model is in training mode, in which BatchNorm is not linear.
        RuntimeError: The output is another afterwards, so that a convolution's output
            must also be used beside its norm. The model is then spoiled.
    """
    if model.training:
        raise ValueError('fold_norms needs a model in eval mode; call model.eval().')
    with torch.no_grad():
        pairs, before = _watch(model, run)
        for norm_name, (conv, norm) in pairs.items():
            conv.weight, conv.bias = fuse_conv_bn_weights(
                conv.weight,
                conv.bias,
                norm.running_mean,
                norm.running_var,
                norm.eps,
                norm.weight,
                norm.bias,
            )
            parent, _, name = norm_name.rpartition('.')
            setattr(model.get_submodule(parent), name, _without_norm(norm))
        after = run() if pairs else before
    difference = (after - before).abs().max()
    if not difference <= _TOLERANCE * before.abs().max():
        raise RuntimeError(
            f'Folding {len(pairs)} norms changed the output by {difference:.2g}: some '
            "convolution's output is used beside its norm, which hooks cannot see. "
            'Leave this model unfolded: optimize(..., fold=False).'
        )
    return len(pairs)


def _watch(
    model: nn.Module, run: Callable[[], Tensor]
) -> tuple[dict[str, tuple[nn.Module, _BatchNorm]], Tensor]:
    """Run once; return the pairs by the norm's name, and the output."""
    calls: Counter[nn.Module] = Counter()
    # The tensors are kept, so that no two of them can have the same identity.
    made_by: dict[int, tuple[Tensor, nn.Module]] = {}
    takers: dict[nn.Module, list[nn.Module]] = {}

    def made(module: nn.Module, _: tuple, output: Tensor) -> None:
        made_by[id(output)] = (output, module)

    def takes(module: nn.Module, inputs: tuple) -> None:
        calls[module] += 1
        for value in inputs:
            if id(value) in made_by:
                takers.setdefault(made_by[id(value)][1], []).append(module)

    leaves = [m for m in model.modules() if not list(m.children())]
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    watched = {*leaves, *norms}
    hooks = [module.register_forward_pre_hook(takes) for module in watched]
    hooks += [
        module.register_forward_hook(made)
        for module in watched
        if isinstance(module, _CONVOLUTIONS)
    ]
    try:
        output = run()
    finally:
        for hook in hooks:
            hook.remove()

    names = {module: name for name, module in model.named_modules()}
    pairs = {}
    for conv, taken in takers.items():
        (norm, *others) = taken
        alone = not others and calls[conv] == calls[norm] == 1
        if alone and isinstance(norm, _BatchNorm) and norm.running_mean is not None:
            pairs[names[norm]] = (conv, norm)
    return pairs, output


def _without_norm(norm: _BatchNorm) -> nn.Module:
    """Return what a norm with its own dropout and activation does beside the norm."""
    rest = [getattr(norm, name) for name in ('drop', 'act') if hasattr(norm, name)]
    return nn.Sequential(*rest) if rest else nn.Identity()
