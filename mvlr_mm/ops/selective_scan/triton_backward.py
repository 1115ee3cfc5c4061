"""The gradient of the scan in Triton, and the pass ahead of it."""

import triton.language as tl

from .triton_parts import LOG2_E, kernel, locate, read, sigmoid, softplus, write


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
    run,
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
    own_d = image // run * channels + d
    at = image * length * channels + d
    C += image * C_image + group * C_group + n * C_state

    rate = read(A + own_d[None, :] * states + n[:, None], ok, EVEN) * LOG2_E
    shift = tl.zeros((BD,), tl.float32)
    if HAS_BIAS:
        shift = read(bias + own_d, d_ok, EVEN)
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
    own_d = image // run * channels + d
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

    rate = read(A + own_d[None, :] * states + n[:, None], ok, EVEN) * LOG2_E
    skip = tl.zeros((BD,), tl.float32)
    if HAS_D:
        skip = read(D + own_d, d_ok, EVEN)
    shift = tl.zeros((BD,), tl.float32)
    if HAS_BIAS:
        shift = read(bias + own_d, d_ok, EVEN)
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
