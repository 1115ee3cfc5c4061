"""The sum and the gate behind QMVL's passes in Triton; importing this needs triton.

Block 0 keeps the labels of an image, block 1 the patches: of every token that block's
passes are summed and gated. Layouts as in ``triton_passes_kernels``: y are sequences,
z tokens, and the results (B, patches, D) and (B, labels, D).
"""

import triton
import triton.language as tl

from .selective_scan.triton_parts import sigmoid
from .triton_conv_kernels import locate, read
from .triton_passes_kernels import kernel, reorder


@triton.jit
def place(
    image,
    row,
    block,
    second,
    images,
    rows,
    patches,
    PASSES: tl.constexpr,
    ORDER: tl.constexpr,
):
    """Give the row of all sequences at which a block's pass has a token."""
    former = tl.where(block == 0, patches, rows - patches)
    t = row - block * patches
    t = reorder(tl.where(t < 0, t + rows, t), second, former, rows, ORDER)
    return ((block * PASSES + second) * images + image) * rows + t


@triton.jit
def add_passes(
    y,
    image,
    row,
    d,
    ok,
    images,
    rows,
    patches,
    channels,
    PASSES: tl.constexpr,
    ORDER: tl.constexpr,
):
    """Sum the passes of the block that keeps each token."""
    block = (row < patches).to(tl.int32)
    at = place(image, row, block, 0, images, rows, patches, PASSES, ORDER)
    total = read(y + at * channels + d, ok)
    if PASSES == 2:
        at = place(image, row, block, 1, images, rows, patches, PASSES, ORDER)
        total += read(y + at * channels + d, ok)
    return total


@kernel()
def merge_forward(
    y,
    z,
    visual,
    labels,
    images,
    rows,
    patches,
    channels,
    z_block,
    z_image,
    z_row,
    PASSES: tl.constexpr,
    ORDER: tl.constexpr,
    BT: tl.constexpr,
    BD: tl.constexpr,
):
    image, row, d, d_ok = locate(channels, BT, BD)
    ok, is_patch = (row < rows) & d_ok, row < patches
    total = add_passes(
        y, image, row, d, ok, images, rows, patches, channels, PASSES, ORDER
    )
    gate = read(z + image * z_image + is_patch * z_block + row * z_row + d, ok)
    out = total * gate * sigmoid(gate)
    visual += (image * patches + row) * channels + d
    labels += (image * (rows - patches) + row - patches) * channels + d
    tl.store(visual, out, mask=ok & is_patch)
    tl.store(labels, out, mask=ok & (row >= patches))


@kernel()
def merge_backward(
    dvisual,
    dlabels,
    y,
    z,
    dy,
    dz,
    images,
    rows,
    patches,
    channels,
    z_block,
    z_image,
    z_row,
    PASSES: tl.constexpr,
    ORDER: tl.constexpr,
    BT: tl.constexpr,
    BD: tl.constexpr,
):
    """Give all of dy and dz, zero for tokens that a block does not keep."""
    image, row, d, d_ok = locate(channels, BT, BD)
    ok, is_patch = (row < rows) & d_ok, row < patches
    dvisual += (image * patches + row) * channels + d
    dlabels += (image * (rows - patches) + row - patches) * channels + d
    grad = read(dvisual, ok & is_patch) + read(dlabels, ok & (row >= patches))
    total = add_passes(
        y, image, row, d, ok, images, rows, patches, channels, PASSES, ORDER
    )
    gate = read(z + image * z_image + is_patch * z_block + row * z_row + d, ok)
    opened = sigmoid(gate)
    grad_y = grad * gate * opened
    grad_z = grad * total * opened * (1.0 + gate * (1.0 - opened))
    for block in tl.static_range(2):
        kept = is_patch if block == 1 else row >= patches
        at = (block * images + image) * rows + row
        tl.store(dz + at * channels + d, tl.where(kept, grad_z, 0.0), mask=ok)
        for second in tl.static_range(PASSES):
            at = place(image, row, block, second, images, rows, patches, PASSES, ORDER)
            tl.store(dy + at * channels + d, tl.where(kept, grad_y, 0.0), mask=ok)
