"""The shapes that every implementation of the scan may rely on."""

from torch import Tensor


def _check_matrix(name: str, matrix: Tensor, u: Tensor, state: int) -> None:
    batch, channels, length = u.shape
    groups = matrix.shape[1] if matrix.dim() == 4 else 1
    allowed = (
        (batch, state, length),
        (channels, state),
        (batch, groups, state, length),
    )
    # those of another rank would be compared number by number, too, which a graph for
    # any batch must not be asked
    fitting = [shape for shape in allowed if len(shape) == matrix.dim()]
    if tuple(matrix.shape) not in fitting or groups < 1 or channels % groups:
        raise ValueError(
            f'selective_scan: {name} is {tuple(matrix.shape)}, but must be '
            f'{allowed[0]}, {allowed[1]}, or ({batch}, G, {state}, {length}) with G '
            f'dividing {channels}.'
        )


def check_shapes(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None,
    z: Tensor | None,
    delta_bias: Tensor | None,
    initial_state: Tensor | None,
) -> None:
    """Check the arguments of the scan against each other.

    Raises:
        ValueError: A shape does not fit, with the shape that would, or A is complex.
    """
    if u.dim() != 3 or A.dim() != 2 or A.shape[0] != u.shape[1] or A.is_complex():
        raise ValueError(
            'selective_scan needs u as (B, D, L) and a real A as (D, N), but u is '
            f'{tuple(u.shape)} and A is {tuple(A.shape)} of {A.dtype}.'
        )
    if u.shape[2] == 0:
        raise ValueError(
            f'selective_scan needs at least one step; u is {tuple(u.shape)}.'
        )
    _check_matrix('B', B, u, A.shape[1])
    _check_matrix('C', C, u, A.shape[1])
    per_channel = (u.shape[1],)
    for name, value, shape in (
        ('delta', delta, tuple(u.shape)),
        ('z', z, tuple(u.shape)),
        ('D', D, per_channel),
        ('delta_bias', delta_bias, per_channel),
        ('initial_state', initial_state, (u.shape[0], *A.shape)),
    ):
        if value is not None and tuple(value.shape) != shape:
            raise ValueError(
                f'selective_scan: {name} is {tuple(value.shape)}, but must be {shape} '
                f'to fit u {tuple(u.shape)} and A {tuple(A.shape)}.'
            )
