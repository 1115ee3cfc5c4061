"""What the Triton kernels of the scan share; importing any of them needs triton.

A program has an image, a block of BD channels and a walk, which is some of the chunks
of steps. It goes along the steps with its states (NP, BD) in registers, N filled up to
NP, a power of two. Several walks of a sequence fill a GPU that few images leave empty:
what a walk adds to a state from before is found by a pass ahead, in which each starts
at zero, and a walk then begins with what the walks before it leave.

Layouts: u, delta, z, y (B, L, D); A (D, N); B, C of any strides; states (B, N, D);
kept states (B, chunks, N, D); ends (B, walks, N + 1, D), the last row for the sum of
the step sizes. Every ``run`` images have an A, a D and a bias of their own. Inputs are
of any floating type, the arithmetic is in float32. Loads run STAGES steps ahead.
"""

import functools

import triton
import triton.language as tl

LOG2_E = tl.constexpr(1.4426950408889634)
# no kernel of its own for every length of a sequence
_ANY = ('length', 'span', 'walks', 'run')
kernel = functools.partial(triton.jit, do_not_specialize=_ANY)


@triton.jit
def softplus(x):
    y = tl.exp(-tl.abs(x))
    # log(1 + y) = 2 atanh(s), of which the seven first terms are all that float32 holds
    s = y / (2.0 + y)
    t = s * s
    series = 1.0 / 13 * t + 1.0 / 11
    series = series * t + 1.0 / 9
    series = series * t + 1.0 / 7
    series = series * t + 1.0 / 5
    series = series * t + 1.0 / 3
    series = series * t + 1.0
    return tl.maximum(x, 0.0) + 2.0 * s * series


@triton.jit
def sigmoid(x):
    return 1.0 / (1.0 + tl.exp(-x))


@triton.jit
def read(pointer, mask, EVEN: tl.constexpr):
    value = tl.load(pointer) if EVEN else tl.load(pointer, mask=mask, other=0.0)
    return value.to(tl.float32)


@triton.jit
def write(pointer, value, mask, EVEN: tl.constexpr):
    if EVEN:
        tl.store(pointer, value)
    else:
        tl.store(pointer, value, mask=mask)


@triton.jit
def locate(channels, per_group, states, BD: tl.constexpr, NP: tl.constexpr):
    """Return image, group, walk; channels; states; a state's places; masks."""
    parts = tl.cdiv(per_group, BD)
    part, walk = tl.program_id(2) % parts, tl.program_id(2) // parts
    image, group = tl.program_id(0).to(tl.int64), tl.program_id(1)
    inside = part * BD + tl.arange(0, BD)
    d, d_ok = group * per_group + inside, inside < per_group
    n = tl.arange(0, NP)
    ok = (n < states)[:, None] & d_ok[None, :]
    place = n[:, None] * channels + d[None, :]
    return image, group, walk, d, n, place, d_ok, ok
