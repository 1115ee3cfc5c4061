// The selective scan on the CPU, in float32.
//
//   step_t = softplus(delta_t + bias)
//   h_t = exp(step_t A) h_(t-1) + step_t u_t B_t
//   y_t = (sum_n C_t[n] h_t[n] + D u_t) silu(z_t)
//
// Shapes: u, delta, z, y (B, D, L); A (D, N); B, C (B, G, N, L); states (B, D, N); any
// strides. A vector holds neighbouring channels, a chunk a few steps. Inside a chunk the
// loop over the states is outside and the loop over the steps inside: everything that
// the recurrence carries stays in registers, for any N, and no (B, D, L, N) tensor
// exists.
#include <torch/library.h>

#include <tuple>

#include "tasks.h"

namespace scan {
namespace {

// States that go through the steps together: what they share is loaded once.
constexpr int64_t kTogether = 4;

// The loops over k have to be unrolled early: only then does the compiler keep h, which
// they index, in registers.
template <int K>
void run_states(
    const Vecs& rate, Vecs& state, int64_t n, const Matrix& B, const Matrix& C,
    const Vecs& step, const Vecs& x, Vecs& out, int64_t count) {
  Vec h[K], r[K];
#pragma GCC unroll 4
  for (int k = 0; k < K; ++k) {
    h[k] = state[n + k];
    r[k] = rate[n + k];
  }
  for (int64_t t = 0; t < count; ++t) {
    const Vec now = step[t], input = x[t];
    Vec sum = out[t];
#pragma GCC unroll 4
    for (int k = 0; k < K; ++k) {
      h[k] = at::vec::fmadd(exp2_of(now * r[k]), h[k], input * B(k, t));
      sum = at::vec::fmadd(h[k], C(k, t), sum);
    }
    out.set(t, sum);
  }
#pragma GCC unroll 4
  for (int k = 0; k < K; ++k) state.set(n + k, h[k]);
}

// Returns y, the last state, and the state before every chunk (B, chunks, D, N). A chunk
// of 0 steps stands for the whole sequence.
std::tuple<at::Tensor, at::Tensor, at::Tensor> scan_forward(
    const at::Tensor& u, const at::Tensor& delta, const at::Tensor& A,
    const at::Tensor& B, const at::Tensor& C, const Optional& D, const Optional& z,
    const Optional& delta_bias, const Optional& initial_state, bool delta_softplus,
    int64_t chunk) {
  const Sizes sizes(u, A, B);
  const int64_t N = sizes.states, L = sizes.length;
  if (chunk == 0) chunk = L;
  const int64_t chunks = (L + chunk - 1) / chunk;
  at::Tensor y = at::empty_like(u);
  at::Tensor last =
      at::empty({sizes.images, N, sizes.channels}, u.options()).transpose(1, 2);
  at::Tensor starts =
      at::empty({sizes.images, chunks, N, sizes.channels}, u.options()).transpose(2, 3);
  const Plane rates(A);

  sizes.for_each_task([&](const Task& task) {
    const Plane us(u, task.image), deltas(delta, task.image), ys(y, task.image);
    const Matrix Bs(B, task.image, task.group), Cs(C, task.image, task.group);
    Vecs rate(N), state(N), in(chunk), x(chunk), step(chunk), out(chunk);
    for (int64_t index = 0; index < task.blocks(); ++index) {
      const Block block = task.block(index);
      const Vec bias = load_channels(delta_bias, block), skip = load_channels(D, block);
      rates.load(rate.lanes(), block, 0, N);
      for (int64_t n = 0; n < N; ++n) rate.set(n, rate[n] * Vec(kLog2E));
      state.fill(0.0f);
      if (initial_state)
        Plane(*initial_state, task.image).load(state.lanes(), block, 0, N);
      for (int64_t begin = 0; begin < L; begin += chunk) {
        const int64_t T = std::min(chunk, L - begin);
        Plane(starts, task.image, begin / chunk).store(state.lanes(), block, 0, N);
        us.load(in.lanes(), block, begin, T);
        deltas.load(step.lanes(), block, begin, T);
        for (int64_t t = 0; t < T; ++t) {
          const Vec now = step[t] + bias;
          step.set(t, delta_softplus ? softplus_of(now) : now);
          x.set(t, in[t] * step[t]);
          out.set(t, in[t] * skip);
        }
        for (int64_t n = 0; n < N;) {
          const bool all = N - n >= kTogether;
          (all ? run_states<kTogether> : run_states<1>)(
              rate, state, n, Bs.from(n, begin), Cs.from(n, begin), step, x, out, T);
          n += all ? kTogether : 1;
        }
        if (z) {
          Plane(*z, task.image).load(in.lanes(), block, begin, T);
          for (int64_t t = 0; t < T; ++t) out.set(t, out[t] * in[t] * sigmoid_of(in[t]));
        }
        ys.store(out.lanes(), block, begin, T);
      }
      Plane(last, task.image).store(state.lanes(), block, 0, N);
    }
  });
  return {y, last, starts};
}

}  // namespace
}  // namespace scan

TORCH_LIBRARY_IMPL(mvlr_mm, CPU, m) { m.impl("scan_native", &scan::scan_forward); }
