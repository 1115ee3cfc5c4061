"""The causal convolution with its SiLU in Triton; importing this needs triton.

A program has an image, a block of rows and a block of channels. A row is one of the
``past`` and ``x`` together: step t sees rows t to t + WIDTH - 1. Layouts: x (B, L, D);
past (B, WIDTH - 1, D), or no rows for zeros; weight (D, WIDTH), as torch keeps it; bias
(D). Inputs are of any floating type, the arithmetic is in float32.
"""

import functools

import triton
import triton.language as tl

from .selective_scan.triton_parts import sigmoid

# no kernel of its own for every length of a sequence
kernel = functools.partial(triton.jit, do_not_specialize=('length',))


@triton.jit
def locate(channels, BT: tl.constexpr, BD: tl.constexpr):
    """Return the image, its rows (BT, 1), its channels (1, BD) and their mask."""
    row = tl.program_id(1) * BT + tl.arange(0, BT)
    d = tl.program_id(2) * BD + tl.arange(0, BD)
    return (
        tl.program_id(0).to(tl.int64),
        row[:, None],
        d[None, :],
        d[None, :] < channels,
    )


@triton.jit
def read_rows(
    x, past, row, d, d_ok, length, channels, WIDTH: tl.constexpr, HAS_PAST: tl.constexpr
):
    """Read rows of past and x together; zero before and after them."""
    late = (row >= WIDTH - 1) & (row < length + WIDTH - 1)
    rows = read(x + (row - WIDTH + 1) * channels + d, late & d_ok)
    if HAS_PAST:
        early = (row >= 0) & (row < WIDTH - 1)
        rows += read(past + row * channels + d, early & d_ok)
    return rows


@triton.jit
def read(pointer, mask):
    return tl.load(pointer, mask=mask, other=0.0).to(tl.float32)


@triton.jit
def convolve(
    x,
    past,
    weight,
    bias,
    t,
    d,
    d_ok,
    length,
    channels,
    WIDTH: tl.constexpr,
    HAS_PAST: tl.constexpr,
):
    """Give the steps ``t`` before the SiLU."""
    total = read(bias + d, d_ok)
    for k in tl.static_range(WIDTH):
        seen = read_rows(x, past, t + k, d, d_ok, length, channels, WIDTH, HAS_PAST)
        total += read(weight + d * WIDTH + k, d_ok) * seen
    return total


@kernel()
def conv_forward(
    x,
    past,
    weight,
    bias,
    out,
    length,
    channels,
    WIDTH: tl.constexpr,
    HAS_PAST: tl.constexpr,
    BT: tl.constexpr,
    BD: tl.constexpr,
):
    image, t, d, d_ok = locate(channels, BT, BD)
    x += image * length * channels
    past += image * (WIDTH - 1) * channels
    out += image * length * channels
    total = convolve(
        x, past, weight, bias, t, d, d_ok, length, channels, WIDTH, HAS_PAST
    )
    mask = (t < length) & d_ok
    tl.store(out + t * channels + d, total * sigmoid(total), mask=mask)


@kernel()
def conv_backward(
    grad,
    x,
    past,
    weight,
    bias,
    dx,
    dpast,
    weights,
    length,
    channels,
    WIDTH: tl.constexpr,
    HAS_PAST: tl.constexpr,
    BT: tl.constexpr,
    BD: tl.constexpr,
):
    """Give the gradients of x and past, and those of the weights a program apart.

    ``weights``: (B, programs of an image's rows, D, WIDTH + 1), the bias last. The
    slope of the SiLU is computed again for every row that a step sees.
    """
    image, row, d, d_ok = locate(channels, BT, BD)
    grad += image * length * channels
    x += image * length * channels
    past += image * (WIDTH - 1) * channels
    dx += image * length * channels
    dpast += image * (WIDTH - 1) * channels
    program = image * tl.num_programs(1) + tl.program_id(1)
    weights += program * (WIDTH + 1) * channels

    total = tl.zeros((BT, BD), tl.float32)
    for k in tl.static_range(WIDTH):
        t = row - k
        mask = (t >= 0) & (t < length) & d_ok
        value = read(grad + t * channels + d, mask)
        before = convolve(
            x, past, weight, bias, t, d, d_ok, length, channels, WIDTH, HAS_PAST
        )
        opened = sigmoid(before)
        slope = value * opened * (1.0 + before * (1.0 - opened))
        total += read(weight + d * WIDTH + k, d_ok) * slope
        if k == 0:  # then every step has one row
            for j in tl.static_range(WIDTH):
                at = t + j
                seen = read_rows(
                    x, past, at, d, d_ok, length, channels, WIDTH, HAS_PAST
                )
                dw = tl.sum(slope * seen, axis=0)[None, :]
                tl.store(weights + d * (WIDTH + 1) + j, dw, mask=d_ok)
            dbias = tl.sum(slope, axis=0)[None, :]
            tl.store(weights + d * (WIDTH + 1) + WIDTH, dbias, mask=d_ok)
    late = (row >= WIDTH - 1) & (row < length + WIDTH - 1)
    if HAS_PAST:
        tl.store(dpast + row * channels + d, total, mask=(row < WIDTH - 1) & d_ok)
    tl.store(dx + (row - WIDTH + 1) * channels + d, total, mask=late & d_ok)
