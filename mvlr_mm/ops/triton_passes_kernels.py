"""The convolution of QMVL's passes in Triton; importing this needs triton.

Block 0 reads the patches of an image, then its labels; block 1 the labels, then the
patches. A second pass does so in another order (``ORDER``, as QMVL names it). The
kernels find the token of each step, so no sequence is put together.

Layouts: tokens (2 blocks, B, R, D) of any strides but that of D, patches first;
sequences (2, passes, B, R, D); weight (2, D, WIDTH); bias (2, D). Inputs are of any
floating type, the arithmetic is in float32.
"""

import functools

import triton
import triton.language as tl

from .selective_scan.triton_parts import sigmoid
from .triton_conv_kernels import locate, read

# no kernel of its own for every size of a batch, a picture or a list of labels
_ANY = ('images', 'rows', 'patches')
kernel = functools.partial(triton.jit, do_not_specialize=_ANY)


@triton.jit
def reorder(t, second, former, rows, ORDER: tl.constexpr):
    """Give the step of the first pass that this pass has at t, and the other way."""
    other = t
    if ORDER == 'O-FB':
        other = rows - 1 - t
    if ORDER == 'P-FB-S1':
        other = tl.where(t < former, former - 1 - t, t)
    if ORDER == 'P-FB-S2':
        other = tl.where(t < former, t, former + rows - 1 - t)
    return tl.where(second == 0, t, other)


@triton.jit
def token(t, block, second, patches, rows, ORDER: tl.constexpr):
    """Give the token that a block's pass has at step t."""
    former = tl.where(block == 0, patches, rows - patches)
    row = reorder(t, second, former, rows, ORDER) + block * patches
    return tl.where(row < rows, row, row - rows)


@triton.jit
def see(x, t, d, d_ok, block, second, patches, rows, x_row, ORDER: tl.constexpr):
    """Read what a pass has at steps t, zero outside."""
    row = token(t, block, second, patches, rows, ORDER)
    return read(x + row * x_row + d, (t >= 0) & (t < rows) & d_ok)


@triton.jit
def convolve(
    x,
    weight,
    bias,
    t,
    d,
    d_ok,
    block,
    second,
    patches,
    rows,
    x_row,
    ORDER: tl.constexpr,
    WIDTH: tl.constexpr,
):
    """Give the steps t of a pass before the SiLU."""
    total = read(bias + d, d_ok)
    for k in tl.static_range(WIDTH):
        at = t + (k - WIDTH + 1)
        seen = see(x, at, d, d_ok, block, second, patches, rows, x_row, ORDER)
        total += read(weight + d * WIDTH + k, d_ok) * seen
    return total


@triton.jit
def locate_pass(
    images, channels, PASSES: tl.constexpr, BT: tl.constexpr, BD: tl.constexpr
):
    """Return the sequence; its image, block and pass; steps, channels, their mask."""
    sequence, t, d, d_ok = locate(channels, BT, BD)
    which = (sequence // images).to(tl.int32)
    return sequence, sequence % images, which // PASSES, which % PASSES, t, d, d_ok


@kernel()
def conv_forward(
    x,
    weight,
    bias,
    out,
    images,
    rows,
    patches,
    channels,
    x_block,
    x_image,
    x_row,
    PASSES: tl.constexpr,
    ORDER: tl.constexpr,
    WIDTH: tl.constexpr,
    BT: tl.constexpr,
    BD: tl.constexpr,
):
    sequence, image, block, second, t, d, d_ok = locate_pass(
        images, channels, PASSES, BT, BD
    )
    x += block.to(tl.int64) * x_block + image * x_image
    weight += block * channels * WIDTH
    bias += block * channels
    out += sequence * rows * channels
    total = convolve(
        x, weight, bias, t, d, d_ok, block, second, patches, rows, x_row, ORDER, WIDTH
    )
    mask = (t < rows) & d_ok
    tl.store(out + t * channels + d, total * sigmoid(total), mask=mask)


@kernel()
def conv_backward(
    grad,
    x,
    weight,
    bias,
    dx,
    weights,
    images,
    rows,
    patches,
    channels,
    x_block,
    x_image,
    x_row,
    PASSES: tl.constexpr,
    ORDER: tl.constexpr,
    WIDTH: tl.constexpr,
    BT: tl.constexpr,
    BD: tl.constexpr,
):
    """Give the gradients of tokens for each pass, of weights for each program.

    ``dx``: (passes, 2, B, R, D); ``weights``: (2, passes, B, programs of a sequence, D,
    WIDTH + 1), the bias last. The slope of the SiLU is computed again for every step
    that sees a token.
    """
    sequence, image, block, second, t, d, d_ok = locate_pass(
        images, channels, PASSES, BT, BD
    )
    grad += sequence * rows * channels
    x += block.to(tl.int64) * x_block + image * x_image
    weight += block * channels * WIDTH
    bias += block * channels
    dx += ((second * 2 + block) * images + image) * rows * channels
    program = sequence * tl.num_programs(1) + tl.program_id(1)
    weights += program * (WIDTH + 1) * channels + d * (WIDTH + 1)

    total = tl.zeros((BT, BD), tl.float32)
    for k in tl.static_range(WIDTH):
        at = t + k
        value = read(grad + at * channels + d, (at < rows) & d_ok)
        before = convolve(
            x, weight, bias, at, d, d_ok, block, second, patches, rows, x_row, ORDER,
            WIDTH,
        )  # fmt: skip
        opened = sigmoid(before)
        slope = value * opened * (1.0 + before * (1.0 - opened))
        total += read(weight + d * WIDTH + (WIDTH - 1 - k), d_ok) * slope
        if k == 0:  # then every step has one row
            for j in tl.static_range(WIDTH):
                at = t + (j - WIDTH + 1)
                seen = see(x, at, d, d_ok, block, second, patches, rows, x_row, ORDER)
                dw = tl.sum(slope * seen, axis=0)[None, :]
                tl.store(weights + j, dw, mask=d_ok)
            dbias = tl.sum(slope, axis=0)[None, :]
            tl.store(weights + WIDTH, dbias, mask=d_ok)
    row = token(t, block, second, patches, rows, ORDER)
    tl.store(dx + row * channels + d, total, mask=(t < rows) & d_ok)
