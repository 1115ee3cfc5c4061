"""The Triton kernels of the scan; importing them needs triton.

A program has an image, a block of BD channels and a walk, which is some of the chunks
of steps. It goes along the steps with its states (NP, BD) in registers, N filled up to
NP, a power of two. Several walks of a sequence fill a GPU that few images leave empty:
what a walk adds to a state from before is found by a pass ahead, in which each starts
at zero, and a walk then begins with what the walks before it leave.

Layouts: u, delta, z, y (B, L, D); A (D, N); B, C of any strides; states (B, N, D);
kept states (B, chunks, N, D); ends (B, walks, N + 1, D), the last row for the sum of
the step sizes. Inputs are of any floating type, the arithmetic is in float32. Loads run
STAGES steps ahead.
"""

import functools

import triton
import triton.language as tl

LOG2_E = tl.constexpr(1.4426950408889634)
# no kernel of its own for every length of a sequence
kernel = functools.partial(triton.jit, do_not_specialize=('length', 'span', 'walks'))


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
    at = image * length * channels + d
    B += image * B_image + group * B_group + n * B_state

    rate = read(A + d[None, :] * states + n[:, None], ok, EVEN) * LOG2_E
    shift = tl.zeros((BD,), tl.float32)
    if HAS_BIAS:
        shift = read(bias + d, d_ok, EVEN)
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
    chunks = tl.cdiv(length, chunk)
    at = image * length * channels + d
    B += image * B_image + group * B_group + n * B_state
    C += image * C_image + group * C_group + n * C_state

    rate = read(A + d[None, :] * states + n[:, None], ok, EVEN) * LOG2_E
    skip = tl.zeros((BD,), tl.float32)
    if HAS_D:
        skip = read(D + d, d_ok, EVEN)
    shift = tl.zeros((BD,), tl.float32)
    if HAS_BIAS:
        shift = read(bias + d, d_ok, EVEN)
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


@kernel()
def scan_slopes(
    dy,
    delta,
    A,
    C,
    z,
    bias,
    ends,
    length,
    channels,
    per_group,
    states,
    chunk,
    span,
    walks,
    C_image,
    C_group,
    C_state,
    C_step,
    HAS_Z: tl.constexpr,
    HAS_BIAS: tl.constexpr,
    SOFTPLUS: tl.constexpr,
    BD: tl.constexpr,
    NP: tl.constexpr,
    EVEN: tl.constexpr,
    STAGES: tl.constexpr,
):
    """Give the gradient of the state before every walk, of zero after it; its steps."""
    image, group, walk, d, n, place, d_ok, ok = locate(
        channels, per_group, states, BD, NP
    )
    n_ok = n < states
    at = image * length * channels + d
    C += image * C_image + group * C_group + n * C_state

    rate = read(A + d[None, :] * states + n[:, None], ok, EVEN) * LOG2_E
    shift = tl.zeros((BD,), tl.float32)
    if HAS_BIAS:
        shift = read(bias + d, d_ok, EVEN)
    carried = tl.zeros((NP, BD), tl.float32)
    total = tl.zeros((BD,), tl.float32)
    begin = walk * span * chunk
    end = tl.minimum(begin + span * chunk, length)
    for i in tl.range(0, end - begin, num_stages=STAGES):
        t = end - 1 - i
        step = read(delta + at + t * channels, d_ok, EVEN) + shift
        grad_y = read(dy + at + t * channels, d_ok, EVEN)
        c = read(C + t * C_step, n_ok, EVEN)
        if HAS_Z:
            gate = read(z + at + t * channels, d_ok, EVEN)
            grad_y *= gate * sigmoid(gate)
        if SOFTPLUS:
            step = softplus(step)
        total += step
        grad = carried + grad_y[None, :] * c[:, None]
        carried = grad * tl.exp2(step[None, :] * rate)
    own = ends + (image * walks + walk) * (states + 1) * channels
    write(own + place, carried, ok, EVEN)
    write(own + states * channels + d, total, d_ok, EVEN)


@kernel()
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
    ends,
    scratch,
    du,
    ddelta,
    dz,
    dstart,
    weights,
    matrices,
    length,
    channels,
    per_group,
    states,
    chunk,
    span,
    walks,
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
    SOFTPLUS: tl.constexpr,
    BD: tl.constexpr,
    NP: tl.constexpr,
    EVEN: tl.constexpr,
    STAGES: tl.constexpr,
):
    """Give every gradient, those of what programs share for each one apart.

    ``weights``: of A, D and the bias (B, walks, N + 2, D); ``matrices``: of B and C
    (2, parts, B, G, L, N). The states of a chunk are computed again, into a
    ``scratch`` (programs, chunk, NP, BD).
    """
    image, group, walk, d, n, place, d_ok, ok = locate(
        channels, per_group, states, BD, NP
    )
    n_ok = n < states
    groups = tl.num_programs(1)
    chunks = tl.cdiv(length, chunk)
    at = image * length * channels + d
    B += image * B_image + group * B_group + n * B_state
    C += image * C_image + group * C_group + n * C_state
    program = (image * groups + group) * tl.num_programs(2) + tl.program_id(2)
    own = scratch + program * chunk * NP * BD
    own += n[:, None] * BD + tl.arange(0, BD)[None, :]
    parts = tl.cdiv(per_group, BD)
    part = tl.program_id(2) % parts
    block = (part * tl.num_programs(0) + image) * groups + group
    dB = matrices + block * length * states + n
    blocks = parts * tl.num_programs(0) * groups
    dC = dB + blocks.to(tl.int64) * length * states

    rate = read(A + d[None, :] * states + n[:, None], ok, EVEN) * LOG2_E
    skip = tl.zeros((BD,), tl.float32)
    if HAS_D:
        skip = read(D + d, d_ok, EVEN)
    shift = tl.zeros((BD,), tl.float32)
    if HAS_BIAS:
        shift = read(bias + d, d_ok, EVEN)
    carried = read(dlast + image * states * channels + place, ok, EVEN)
    for after in range(walks - 1 - walk):
        added = ends + (image * walks + walks - 1 - after) * (states + 1) * channels
        total = read(added + states * channels + d, d_ok, EVEN)
        carried = tl.exp2(total[None, :] * rate) * carried
        carried += read(added + place, ok, EVEN)
    sum_A = tl.zeros((NP, BD), tl.float32)
    sum_D = tl.zeros((BD,), tl.float32)
    sum_bias = tl.zeros((BD,), tl.float32)

    first = walk * span
    count_of_chunks = tl.minimum(span, chunks - first)
    for back in range(count_of_chunks):
        index = first + count_of_chunks - 1 - back
        begin = index * chunk
        count = tl.minimum(chunk, length - begin)
        kept = (image * chunks + index) * states * channels
        h = read(starts + kept + place, ok, EVEN)
        for i in tl.range(0, count, num_stages=STAGES):
            t = begin + i
            tl.store(own + i * NP * BD, h)  # the state before the step
            step = read(delta + at + t * channels, d_ok, EVEN) + shift
            value = read(u + at + t * channels, d_ok, EVEN)
            b = read(B + t * B_step, n_ok, EVEN)
            if SOFTPLUS:
                step = softplus(step)
            h = tl.exp2(step[None, :] * rate) * h + (step * value)[None, :] * b[:, None]
        tl.debug_barrier()

        for j in tl.range(0, count, num_stages=STAGES):
            i = count - 1 - j
            t = begin + i
            raw = read(delta + at + t * channels, d_ok, EVEN) + shift
            value = read(u + at + t * channels, d_ok, EVEN)
            grad_y = read(dy + at + t * channels, d_ok, EVEN)
            b = read(B + t * B_step, n_ok, EVEN)
            c = read(C + t * C_step, n_ok, EVEN)
            if HAS_Z:
                gate = read(z + at + t * channels, d_ok, EVEN)
            before = tl.load(own + i * NP * BD)
            step = raw
            if SOFTPLUS:
                step = softplus(raw)
            x = step * value
            decay = tl.exp2(step[None, :] * rate)
            h = decay * before + x[None, :] * b[:, None]

            if HAS_Z:
                opened = sigmoid(gate)
                out = tl.sum(h * c[:, None], axis=0) + skip * value
                slope = opened * (1.0 + gate * (1.0 - opened))
                write(dz + at + t * channels, grad_y * out * slope, d_ok, EVEN)
                grad_y *= gate * opened

            grad = carried + grad_y[None, :] * c[:, None]
            write(dC + t * states, tl.sum(grad_y[None, :] * h, axis=1), n_ok, EVEN)
            write(dB + t * states, tl.sum(grad * x[None, :], axis=1), n_ok, EVEN)
            grad_x = tl.sum(grad * b[:, None], axis=0)
            carried = grad * decay
            grad_exponent = carried * before
            sum_A += grad_exponent * step[None, :]
            # rate is A log2(e)
            grad_step = tl.sum(grad_exponent * rate, axis=0) / LOG2_E + grad_x * value
            if SOFTPLUS:
                grad_step *= sigmoid(raw)
            write(ddelta + at + t * channels, grad_step, d_ok, EVEN)
            write(du + at + t * channels, grad_x * step + grad_y * skip, d_ok, EVEN)
            sum_D += grad_y * value
            sum_bias += grad_step
        tl.debug_barrier()

    if walk == 0:
        write(dstart + image * states * channels + place, carried, ok, EVEN)
    weights += (image * walks + walk) * (states + 2) * channels
    write(weights + place, sum_A, ok, EVEN)
    write(weights + states * channels + d, sum_D, d_ok, EVEN)
    write(weights + (states + 1) * channels + d, sum_bias, d_ok, EVEN)
