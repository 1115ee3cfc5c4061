"""timm's padding 'same' in a form that a graph of any size can follow."""

from collections.abc import Iterator
from contextlib import contextmanager

from timm.layers import padding


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> int:
    """Return how much one side of a map is padded, as TensorFlow's 'SAME' has it.

    timm writes ``(ceil(size / stride) - 1) * stride + dilation * (kernel - 1) + 1 -
    size``, never below 0. Here it is a remainder: of a size that is known to be a
    multiple of the stride, nothing of the size is left in it.

    Args:
        size: Height or width of the map, in pixels; a number or a symbol.
        kernel: Of the convolution, in pixels.
        stride: Of it.
        dilation: Of it.
    """
    rest = size % stride
    taken = stride if rest == 0 else rest
    return max(dilation * (kernel - 1) + 1 - taken, 0)


@contextmanager
def any_size_padding() -> Iterator[None]:
    """Let timm's convolutions use :func:`same_padding` while a model is exported.

    With timm's own formula the export of a trunk with ``pad_type='same'`` for any size
    does not end within minutes.
    """
    before = padding.get_same_padding
    padding.get_same_padding = same_padding
    try:
        yield
    finally:
        padding.get_same_padding = before
