"""The Triton kernels of the scan; importing them needs triton.

A program has an image and a block of channels, and walks along the steps with its
states in registers, N filled up to NP, a power of two. Layouts, contiguous, in float32:
u, delta, z, y (B, L, D); A (D, N); B, C (B, G, L, N); states (B, N, D); kept states
(B, chunks, N, D).
"""

import triton
import triton.language as tl


@triton.jit
def softplus(x):
    y = tl.exp(-tl.abs(x))
    one = 1.0 + y
    # log(1 + y) without the loss of a small y
    log = tl.where(one == 1.0, y, tl.log(one) * y / tl.where(one == 1.0, 1.0, one - 1))
    return tl.maximum(x, 0.0) + log


@triton.jit
def sigmoid(x):
    return 1.0 / (1.0 + tl.exp(-x))


@triton.jit
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
    y,
    last,
    starts,
    length,
    channels,
    per_group,
    states,
    chunk,
    HAS_D: tl.constexpr,
    HAS_Z: tl.constexpr,
    HAS_BIAS: tl.constexpr,
    HAS_INITIAL: tl.constexpr,
    SOFTPLUS: tl.constexpr,
    BD: tl.constexpr,
    NP: tl.constexpr,
):
    """Give y, the last state and the state before every chunk."""
    image, group = tl.program_id(0).to(tl.int64), tl.program_id(1)
    groups = tl.num_programs(1)
    inside = tl.program_id(2) * BD + tl.arange(0, BD)
    d, d_ok = group * per_group + inside, inside < per_group
    n = tl.arange(0, NP)
    n_ok = n < states
    ok = d_ok[:, None] & n_ok[None, :]
    place = n[None, :] * channels + d[:, None]  # in a state
    chunks = tl.cdiv(length, chunk)

    rate = tl.load(A + d[:, None] * states + n[None, :], mask=ok, other=0.0)
    h = tl.zeros((BD, NP), tl.float32)
    if HAS_INITIAL:
        h = tl.load(initial + image * states * channels + place, mask=ok, other=0.0)
    for t in range(length):
        if t % chunk == 0:
            kept = image * chunks + t // chunk
            tl.store(starts + kept * states * channels + place, h, mask=ok)
        at = (image * length + t) * channels + d
        x = tl.load(u + at, mask=d_ok, other=0.0)
        step = tl.load(delta + at, mask=d_ok, other=0.0)
        if HAS_BIAS:
            step += tl.load(bias + d, mask=d_ok, other=0.0)
        if SOFTPLUS:
            step = softplus(step)
        row = ((image * groups + group) * length + t) * states + n
        b = tl.load(B + row, mask=n_ok, other=0.0)
        c = tl.load(C + row, mask=n_ok, other=0.0)
        h = tl.exp(step[:, None] * rate) * h + (step * x)[:, None] * b[None, :]
        out = tl.sum(h * c[None, :], axis=1)
        if HAS_D:
            out += tl.load(D + d, mask=d_ok, other=0.0) * x
        if HAS_Z:
            gate = tl.load(z + at, mask=d_ok, other=0.0)
            out *= gate * sigmoid(gate)
        tl.store(y + at, out, mask=d_ok)
    tl.store(last + image * states * channels + place, h, mask=ok)


@triton.jit
def scan_backward(
    dy,
    dlast,
    u,
    delta,
    A,
    B,
    C,
    D,
    z,
    bias,
    starts,
    scratch,
    du,
    ddelta,
    dA,
    dB,
    dC,
    dD,
    dz,
    dbias,
    dstart,
    length,
    channels,
    per_group,
    states,
    chunk,
    HAS_D: tl.constexpr,
    HAS_Z: tl.constexpr,
    HAS_BIAS: tl.constexpr,
    SOFTPLUS: tl.constexpr,
    BD: tl.constexpr,
    NP: tl.constexpr,
):
    """Give every gradient; dA, dD, dbias for each image, dB, dC for each block, too.

    The states of a chunk are computed again, into a scratch (programs, chunk, BD, NP).
    """
    image, group = tl.program_id(0).to(tl.int64), tl.program_id(1)
    part, groups = tl.program_id(2), tl.num_programs(1)
    inside = part * BD + tl.arange(0, BD)
    d, d_ok = group * per_group + inside, inside < per_group
    n = tl.arange(0, NP)
    n_ok = n < states
    ok = d_ok[:, None] & n_ok[None, :]
    place = n[None, :] * channels + d[:, None]
    chunks = tl.cdiv(length, chunk)
    program = (image * groups + group) * tl.num_programs(2) + part
    own = scratch + program * chunk * BD * NP
    own += tl.arange(0, BD)[:, None] * NP + n[None, :]
    block = (part * tl.num_programs(0) + image) * groups + group  # of dB and dC

    rate = tl.load(A + d[:, None] * states + n[None, :], mask=ok, other=0.0)
    skip = tl.zeros((BD,), tl.float32)
    if HAS_D:
        skip = tl.load(D + d, mask=d_ok, other=0.0)
    shift = tl.zeros((BD,), tl.float32)
    if HAS_BIAS:
        shift = tl.load(bias + d, mask=d_ok, other=0.0)
    carried = tl.load(dlast + image * states * channels + place, mask=ok, other=0.0)
    sum_A = tl.zeros((BD, NP), tl.float32)
    sum_D = tl.zeros((BD,), tl.float32)
    sum_bias = tl.zeros((BD,), tl.float32)

    for index in range(chunks):
        begin = (chunks - 1 - index) * chunk
        count = tl.minimum(chunk, length - begin)
        kept = image * chunks + chunks - 1 - index
        h = tl.load(starts + kept * states * channels + place, mask=ok, other=0.0)
        for i in range(count):
            tl.store(own + i * BD * NP, h)  # the state before the step
            at = (image * length + begin + i) * channels + d
            step = tl.load(delta + at, mask=d_ok, other=0.0) + shift
            if SOFTPLUS:
                step = softplus(step)
            x = tl.load(u + at, mask=d_ok, other=0.0) * step
            row = ((image * groups + group) * length + begin + i) * states + n
            b = tl.load(B + row, mask=n_ok, other=0.0)
            h = tl.exp(step[:, None] * rate) * h + x[:, None] * b[None, :]
        tl.debug_barrier()

        for j in range(count):
            i = count - 1 - j
            at = (image * length + begin + i) * channels + d
            raw = tl.load(delta + at, mask=d_ok, other=0.0) + shift
            step = raw
            if SOFTPLUS:
                step = softplus(raw)
            value = tl.load(u + at, mask=d_ok, other=0.0)
            row = ((image * groups + group) * length + begin + i) * states + n
            b = tl.load(B + row, mask=n_ok, other=0.0)
            c = tl.load(C + row, mask=n_ok, other=0.0)
            before = tl.load(own + i * BD * NP)
            decay = tl.exp(step[:, None] * rate)
            h = decay * before + (step * value)[:, None] * b[None, :]

            grad_y = tl.load(dy + at, mask=d_ok, other=0.0)
            if HAS_Z:
                gate = tl.load(z + at, mask=d_ok, other=0.0)
                opened = sigmoid(gate)
                out = tl.sum(h * c[None, :], axis=1) + skip * value
                slope = opened * (1.0 + gate * (1.0 - opened))
                tl.store(dz + at, grad_y * out * slope, mask=d_ok)
                grad_y *= gate * opened

            grad = carried + grad_y[:, None] * c[None, :]
            sums = (block * length + begin + i) * states + n
            tl.store(dC + sums, tl.sum(grad_y[:, None] * h, axis=0), mask=n_ok)
            x = step * value
            tl.store(dB + sums, tl.sum(grad * x[:, None], axis=0), mask=n_ok)
            grad_x = tl.sum(grad * b[None, :], axis=1)
            carried = grad * decay
            grad_exponent = carried * before
            sum_A += grad_exponent * step[:, None]
            grad_step = tl.sum(grad_exponent * rate, axis=1) + grad_x * value
            if SOFTPLUS:
                grad_step *= sigmoid(raw)
            tl.store(ddelta + at, grad_step, mask=d_ok)
            tl.store(du + at, grad_x * step + grad_y * skip, mask=d_ok)
            sum_D += grad_y * value
            sum_bias += grad_step
        tl.debug_barrier()

    tl.store(dstart + image * states * channels + place, carried, mask=ok)
    tl.store(dA + image * states * channels + place, sum_A, mask=ok)
    tl.store(dD + image * channels + d, sum_D, mask=d_ok)
    tl.store(dbias + image * channels + d, sum_bias, mask=d_ok)
