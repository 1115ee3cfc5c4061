"""The same scores in less time."""

import copy
import statistics
import time
from typing import Any

import torch
from torch import Tensor, nn

from ..models.layers.fold_norms import fold_norms

_ROUNDS = 5


def optimize(
    model: nn.Module,
    shape: tuple[int, int, int, int] = (1, 3, 448, 448),
    fold: bool = True,
    channels_last: bool | None = None,
    dtype: torch.dtype | None = None,
    torch_compile: bool = False,
) -> nn.Module:
    """Return a copy of a classifier made fast for inference.

    Args:
        model: A classifier of mmpretrain, on the device where it will run.
        shape: Of the batches (B, 3, H, W) that it will get, for the layout's choice and
            for compiling. Batches of other shapes work as well.
        fold: Fold BatchNorm into convolutions; changes rounding alone.
        channels_last: Whether the backbone works in NHWC, with the same result up to
            rounding; None tries both and takes the faster.
        dtype: Of the backbone's weights and maps, for instance ``torch.bfloat16``: half
            the memory, faster where the device has instructions for it, and scores that
            differ a little. Necks and head stay in float32.
        torch_compile: Compile backbone, necks and head; the first batch of each shape
            then takes a minute or so, and a C++ compiler must be there.

    Returns:
        The copy, in eval mode and without gradients. It takes float32 images as before,
        its ``predict`` and its weights' names are the same, but for folded norms.

    Raises:
        ValueError: The model has no ``backbone``, or one that is optimized already or
            not in float32.
        RuntimeError: See :func:`fold_norms`.
    """
    if not isinstance(getattr(model, 'backbone', None), nn.Module):
        raise ValueError(
            f'optimize() works on classifiers with a backbone; {type(model).__name__} '
            'has none.'
        )
    _check_plain(model.backbone)
    model = copy.deepcopy(model).eval().requires_grad_(False)
    backbone = model.backbone
    device = next(model.parameters()).device
    generator = torch.Generator('cpu').manual_seed(0)
    images = torch.randn(shape, generator=generator, device='cpu').to(device)
    if fold:
        fold_norms(model, lambda: model(images, mode='tensor'))

    backbone.to(dtype=dtype)
    adapter = _Adapter(backbone, dtype or torch.float32)
    if channels_last is None:
        channels_last = _seconds(adapter, images, True) < _seconds(
            adapter, images, False
        )
    adapter.lay_out(channels_last)
    if torch_compile:
        for part in (backbone, getattr(model, 'neck', None), model.head):
            if part is not None:
                part.compile()
    return model


def _check_plain(backbone: nn.Module) -> None:
    hooks = backbone._forward_pre_hooks.values()
    if any(isinstance(getattr(hook, '__self__', None), _Adapter) for hook in hooks):
        raise ValueError(
            'The model comes from optimize(); give it the model that it was made of.'
        )
    for name, weight in backbone.named_parameters():
        if weight.is_floating_point() and weight.dtype != torch.float32:
            raise ValueError(
                f'optimize() takes a backbone in float32, and its {name} is '
                f'{weight.dtype}; leave the cast out and say optimize(..., '
                f'dtype={weight.dtype}).'
            )


class _Adapter:
    """Gives a backbone its images as it wants them, and the others float32."""

    def __init__(self, backbone: nn.Module, dtype: torch.dtype) -> None:
        self.backbone = backbone
        self.dtype = dtype
        self.format = torch.contiguous_format
        backbone.register_forward_pre_hook(self._enter)
        backbone.register_forward_hook(self._leave)

    def lay_out(self, channels_last: bool) -> None:
        """Set the layout of weights and maps."""
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.backbone.to(memory_format=self.format)
        if hasattr(self.backbone, 'channels_last'):  # it would lay them out again
            self.backbone.channels_last = channels_last

    def _enter(self, _: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
        return (inputs[0].to(dtype=self.dtype, memory_format=self.format),)

    def _leave(self, _: nn.Module, inputs: tuple[Tensor], output: Any) -> Any:
        return _to_float32(output)


def _to_float32(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.float()
    if isinstance(value, tuple) and hasattr(value, '_fields'):
        return type(value)(*map(_to_float32, value))
    if isinstance(value, (tuple, list)):
        return type(value)(map(_to_float32, value))
    return value


def _seconds(adapter: _Adapter, images: Tensor, channels_last: bool) -> float:
    adapter.lay_out(channels_last)
    wait = torch.cuda.synchronize if images.is_cuda else lambda: None
    times = []
    with torch.no_grad():
        for _ in range(1 + _ROUNDS):
            wait()
            start = time.perf_counter()
            adapter.backbone(images)
            wait()
            times.append(time.perf_counter() - start)
    return statistics.median(times[1:])
