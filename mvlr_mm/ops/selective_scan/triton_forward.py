"""The scan forward in Triton, and the pass ahead of it."""

import triton.language as tl

from .triton_parts import LOG2_E, kernel, locate, read, sigmoid, softplus, write


@kernel()
def scan_ends(
    u,
    delta,
    A,
    B,
    bias,
    ends,
    length,
    channels,
    per_group,
    states,
    chunk,
    span,
    walks,
    run,
    B_image,
    B_group,
    B_state,
    B_step,
    HAS_BIAS: tl.constexpr,
    SOFTPLUS: tl.constexpr,
    BD: tl.constexpr,
    NP: tl.constexpr,
    EVEN: tl.constexpr,
    STAGES: tl.constexpr,
):
    """Give the state after every walk from zero, and the sum of its step sizes."""
    image, group, walk, d, n, place, d_ok, ok = locate(
        channels, per_group, states, BD, NP
    )
    n_ok = n < states
    own_d = image // run * channels + d
    at = image * length * channels + d
    B += image * B_image + group * B_group + n * B_state

    rate = read(A + own_d[None, :] * states + n[:, None], ok, EVEN) * LOG2_E
    shift = tl.zeros((BD,), tl.float32)
    if HAS_BIAS:
        shift = read(bias + own_d, d_ok, EVEN)
    h = tl.zeros((NP, BD), tl.float32)
    total = tl.zeros((BD,), tl.float32)
    begin = walk * span * chunk
    end = tl.minimum(begin + span * chunk, length)
    for t in tl.range(begin, end, num_stages=STAGES):
        x = read(u + at + t * channels, d_ok, EVEN)
        step = read(delta + at + t * channels, d_ok, EVEN) + shift
        b = read(B + t * B_step, n_ok, EVEN)
        if SOFTPLUS:
            step = softplus(step)
        total += step
        h = tl.exp2(step[None, :] * rate) * h + (step * x)[None, :] * b[:, None]
    own = ends + (image * walks + walk) * (states + 1) * channels
    write(own + place, h, ok, EVEN)
    write(own + states * channels + d, total, d_ok, EVEN)


@kernel()
def scan_forward(
    u,
    delta,
    A,
    B,
    C,
    D,
    z,
    bias,
    initial,
    ends,
    y,
    last,
    starts,
    length,
    channels,
    per_group,
    states,
    chunk,
    span,
    walks,
    run,
    B_image,
    B_group,
    B_state,
    B_step,
    C_image,
    C_group,
    C_state,
    C_step,
    HAS_D: tl.constexpr,
    HAS_Z: tl.constexpr,
    HAS_BIAS: tl.constexpr,
    HAS_INITIAL: tl.constexpr,
    SOFTPLUS: tl.constexpr,
    BD: tl.constexpr,
    NP: tl.constexpr,
    EVEN: tl.constexpr,
    STAGES: tl.constexpr,
):
    """Give y, the last state and the state before every chunk."""
    image, group, walk, d, n, place, d_ok, ok = locate(
        channels, per_group, states, BD, NP
    )
    n_ok = n < states
    own_d = image // run * channels + d
    chunks = tl.cdiv(length, chunk)
    at = image * length * channels + d
    B += image * B_image + group * B_group + n * B_state
    C += image * C_image + group * C_group + n * C_state

    rate = read(A + own_d[None, :] * states + n[:, None], ok, EVEN) * LOG2_E
    skip = tl.zeros((BD,), tl.float32)
    if HAS_D:
        skip = read(D + own_d, d_ok, EVEN)
    shift = tl.zeros((BD,), tl.float32)
    if HAS_BIAS:
        shift = read(bias + own_d, d_ok, EVEN)
    h = tl.zeros((NP, BD), tl.float32)
    if HAS_INITIAL:
        h = read(initial + image * states * channels + place, ok, EVEN)
    for before in range(walk):
        added = ends + (image * walks + before) * (states + 1) * channels
        total = read(added + states * channels + d, d_ok, EVEN)
        h = tl.exp2(total[None, :] * rate) * h + read(added + place, ok, EVEN)

    for index in range(walk * span, tl.minimum(walk * span + span, chunks)):
        begin = index * chunk
        kept = (image * chunks + index) * states * channels
        write(starts + kept + place, h, ok, EVEN)
        for t in tl.range(begin, tl.minimum(begin + chunk, length), num_stages=STAGES):
            x = read(u + at + t * channels, d_ok, EVEN)
            step = read(delta + at + t * channels, d_ok, EVEN) + shift
            b = read(B + t * B_step, n_ok, EVEN)
            c = read(C + t * C_step, n_ok, EVEN)
            if HAS_Z:
                gate = read(z + at + t * channels, d_ok, EVEN)
            if SOFTPLUS:
                step = softplus(step)
            h = tl.exp2(step[None, :] * rate) * h + (step * x)[None, :] * b[:, None]
            out = tl.sum(h * c[:, None], axis=0) + skip * x
            if HAS_Z:
                out *= gate * sigmoid(gate)
            write(y + at + t * channels, out, d_ok, EVEN)
    if walk == walks - 1:
        write(last + image * states * channels + place, h, ok, EVEN)
