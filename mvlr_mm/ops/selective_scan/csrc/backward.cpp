// The gradient of the selective scan (forward.cpp), chunk by chunk from the end.
//
// The states of a chunk are computed again from the one before it. With g_t the gradient
// of h_t, from y_t and from h_(t+1): dC_t = dy_t h_t, dB_t = g_t x_t, dx_t = g_t B_t for
// x_t = step_t u_t, and g_t exp(step_t A) h_(t-1) for the exponent step_t A.
#include <torch/library.h>

#include <tuple>

#include "tasks.h"

namespace scan {
namespace {

// States that go through the steps together: what they share is loaded once.
constexpr int64_t kTogether = 4;

// What a task keeps of one chunk of one block, a vector for each step.
struct Steps {
  Vecs u, delta, z, step, x, dy, dx, dstep, out, decay, h;

  explicit Steps(int64_t chunk)
      : u(chunk), delta(chunk), z(chunk), step(chunk), x(chunk), dy(chunk), dx(chunk),
        dstep(chunk), out(chunk), decay(kTogether * chunk), h(kTogether * (chunk + 1)) {}
};

// What a task keeps of each state: of one block, and the sums over its blocks, which
// become the gradients of B and C, at [n * chunk + t].
struct States {
  Vecs start, rate, carried, drate, dB, dC;

  States(int64_t N, int64_t blocks, int64_t chunk)
      : start(N), rate(blocks * N), carried(blocks * N), drate(blocks * N),
        dB(N * chunk), dC(N * chunk) {}
};

template <int K>
void run_states(
    Steps& steps, States& states, int64_t n, int64_t at, Matrix B, Matrix C,
    int64_t chunk, int64_t T, bool gated) {
  const Place step = steps.step.from(), x = steps.x.from(), dy = steps.dy.from();
  const Place dx = steps.dx.from(), dstep = steps.dstep.from(), out = steps.out.from();
  const Place decay = steps.decay.from(), h = steps.h.from();
  const Place dB = states.dB.from(n * chunk), dC = states.dC.from(n * chunk);
  Vec rate[K], now[K];
#pragma GCC unroll 4
  for (int k = 0; k < K; ++k) {
    rate[k] = states.rate[at + k];
    now[k] = states.start[n + k];
    h.set(k, now[k]);
  }
  for (int64_t t = 0; t < T; ++t) {
    const Vec exponent = step[t] * Vec(kLog2E), input = x[t];
#pragma GCC unroll 4
    for (int k = 0; k < K; ++k) {
      const Vec kept = exp2_of(exponent * rate[k]);
      now[k] = at::vec::fmadd(kept, now[k], input * B(k, t));
      decay.set(t * K + k, kept);
      h.set((t + 1) * K + k, now[k]);
    }
  }
  if (gated)  // the gate's gradient needs what it multiplied
    for (int64_t t = 0; t < T; ++t) {
      Vec sum = out[t];
#pragma GCC unroll 4
      for (int k = 0; k < K; ++k) sum = at::vec::fmadd(h[(t + 1) * K + k], C(k, t), sum);
      out.set(t, sum);
    }

  Vec carried[K], drate[K];
#pragma GCC unroll 4
  for (int k = 0; k < K; ++k) {
    carried[k] = states.carried[at + k];
    drate[k] = states.drate[at + k];
  }
  for (int64_t t = T - 1; t >= 0; --t) {
    const Vec dy_t = dy[t], x_t = x[t], step_t = step[t];
    Vec dx_t = dx[t], dstep_t = dstep[t];
#pragma GCC unroll 4
    for (int k = 0; k < K; ++k) {
      const int64_t i = k * chunk + t;
      const Vec grad = at::vec::fmadd(dy_t, C(k, t), carried[k]);
      dC.set(i, at::vec::fmadd(dy_t, h[(t + 1) * K + k], dC[i]));
      dB.set(i, at::vec::fmadd(grad, x_t, dB[i]));
      dx_t = at::vec::fmadd(grad, B(k, t), dx_t);
      carried[k] = grad * decay[t * K + k];
      const Vec dexponent = carried[k] * h[t * K + k];
      drate[k] = at::vec::fmadd(dexponent, step_t, drate[k]);
      dstep_t = at::vec::fmadd(dexponent, rate[k], dstep_t);
    }
    dx.set(t, dx_t);
    dstep.set(t, dstep_t);
  }
#pragma GCC unroll 4
  for (int k = 0; k < K; ++k) {
    states.carried.set(at + k, carried[k]);
    states.drate.set(at + k, drate[k]);
  }
}

// Adds up the lanes of N x T vectors and writes them to a matrix (N, L) from a step on.
void write_sums(
    Vecs& sums, float* to, int64_t N, int64_t chunk, int64_t L, int64_t begin) {
  const int64_t T = std::min(chunk, L - begin);
  float turned[kLanes * kLanes];
  for (int64_t n = 0; n < N; ++n)
    for (int64_t t = 0; t < T; t += kLanes) {
      const int count = static_cast<int>(std::min<int64_t>(kLanes, T - t));
      at::vec::transpose_mxn<float>(
          sums.lanes(n * chunk + t), kLanes, turned, kLanes, count, kLanes);
      Vec total(0.0f);
      for (int lane = 0; lane < kLanes; ++lane)
        total = total + Vec::loadu(turned + lane * kLanes, count);
      total.store(to + n * L + begin + t, count);
    }
}

using Gradients = std::tuple<
    at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor,
    at::Tensor, at::Tensor>;

// Returns the gradients of u, delta, A, B, C, D, z, delta_bias and initial_state; empty
// ones for z where there is none.
Gradients scan_backward(
    const at::Tensor& grad_y, const at::Tensor& grad_last, const at::Tensor& u,
    const at::Tensor& delta, const at::Tensor& A, const at::Tensor& B,
    const at::Tensor& C, const Optional& D, const Optional& z,
    const Optional& delta_bias, const at::Tensor& starts, bool delta_softplus,
    int64_t chunk) {
  const Sizes sizes(u, A, B);
  const int64_t N = sizes.states, L = sizes.length, chunks = starts.size(1);
  if (chunk == 0) chunk = L;
  const auto options = u.options();
  at::Tensor grad_u = at::empty_like(u), grad_delta = at::empty_like(delta);
  at::Tensor grad_z = z ? at::empty_like(*z) : at::empty({0}, options);
  at::Tensor grad_start =
      at::empty({sizes.images, N, sizes.channels}, options).transpose(1, 2);
  // One for each image, and for B and C for each part of a group, which other tasks
  // write at the same time.
  at::Tensor grad_A = at::empty_like(grad_start);
  at::Tensor grad_D = at::empty({sizes.images, sizes.channels, 1}, options);
  at::Tensor grad_bias = at::empty_like(grad_D);
  const std::vector<int64_t> shape{sizes.parts, sizes.images, sizes.groups, N, L};
  at::Tensor grad_B = at::empty(shape, options), grad_C = at::empty(shape, options);
  const Plane rates(A);

  sizes.for_each_task([&](const Task& task) {
    const int64_t image = task.image, blocks = task.blocks();
    const Plane us(u, image), deltas(delta, image), zs(z ? *z : u, image);
    const Plane dys(grad_y, image), dlasts(grad_last, image), das(grad_A, image);
    const Plane dus(grad_u, image), ddeltas(grad_delta, image), dDs(grad_D, image);
    const Plane dzs(z ? grad_z : grad_u, image), dbiases(grad_bias, image);
    const Plane dstarts(grad_start, image);
    const Matrix Bs(B, image, task.group), Cs(C, image, task.group);
    const int64_t matrix = (task.part * sizes.images + image) * sizes.groups + task.group;
    float* dBs = grad_B.data_ptr<float>() + matrix * N * L;
    float* dCs = grad_C.data_ptr<float>() + matrix * N * L;
    Steps s(chunk);
    States states(N, blocks, chunk);
    Vecs dD(blocks), dbias(blocks);
    for (int64_t index = 0; index < blocks; ++index) {
      rates.load(states.rate.lanes(index * N), task.block(index), 0, N);
      dlasts.load(states.carried.lanes(index * N), task.block(index), 0, N);
    }
    for (int64_t part = chunks - 1; part >= 0; --part) {
      const int64_t begin = part * chunk, T = std::min(chunk, L - begin);
      states.dB.fill(0.0f);
      states.dC.fill(0.0f);
      for (int64_t index = 0; index < blocks; ++index) {
        const Block block = task.block(index);
        const Vec bias = load_channels(delta_bias, block);
        const Vec skip = load_channels(D, block);
        us.load(s.u.lanes(), block, begin, T);
        deltas.load(s.delta.lanes(), block, begin, T);
        dys.load(s.dy.lanes(), block, begin, T);
        if (z) zs.load(s.z.lanes(), block, begin, T);
        Plane(starts, image, part).load(states.start.lanes(), block, 0, N);
        for (int64_t t = 0; t < T; ++t) {
          const Vec delta_t = s.delta[t] + bias;
          s.delta.set(t, delta_t);
          s.step.set(t, delta_softplus ? softplus_of(delta_t) : delta_t);
          s.x.set(t, s.u[t] * s.step[t]);
          s.out.set(t, s.u[t] * skip);
          if (z) {
            const Vec dy = s.dy[t], open = sigmoid_of(s.z[t]), gate = s.z[t] * open;
            // z and dy give way to what their gradients need
            s.z.set(t, dy * (open + gate - gate * open));
            s.dy.set(t, dy * gate);
          }
        }
        s.dx.fill(0.0f);
        s.dstep.fill(0.0f);
        for (int64_t n = 0; n < N;) {
          const bool all = N - n >= kTogether;
          (all ? run_states<kTogether> : run_states<1>)(
              s, states, n, index * N + n, Bs.from(n, begin), Cs.from(n, begin), chunk,
              T, z.has_value());
          n += all ? kTogether : 1;
        }
        for (int64_t t = 0; t < T; ++t) {
          dD.set(index, at::vec::fmadd(s.dy[t], s.u[t], dD[index]));
          Vec ddelta = at::vec::fmadd(s.dx[t], s.u[t], s.dstep[t]);
          if (delta_softplus) ddelta = ddelta * sigmoid_of(s.delta[t]);
          dbias.set(index, dbias[index] + ddelta);
          s.dstep.set(t, ddelta);
          s.dx.set(t, at::vec::fmadd(s.dx[t], s.step[t], s.dy[t] * skip));
          s.out.set(t, s.out[t] * s.z[t]);
        }
        dus.store(s.dx.lanes(), block, begin, T);
        ddeltas.store(s.dstep.lanes(), block, begin, T);
        if (z) dzs.store(s.out.lanes(), block, begin, T);
      }
      write_sums(states.dB, dBs, N, chunk, L, begin);
      write_sums(states.dC, dCs, N, chunk, L, begin);
    }
    for (int64_t index = 0; index < blocks; ++index) {
      const Block block = task.block(index);
      das.store(states.drate.lanes(index * N), block, 0, N);
      dstarts.store(states.carried.lanes(index * N), block, 0, N);
      dDs.store(dD.lanes(index), block, 0, 1);
      dbiases.store(dbias.lanes(index), block, 0, 1);
    }
  });
  return {
      grad_u, grad_delta, grad_A.sum(0), grad_B.sum(0), grad_C.sum(0),
      grad_D.sum(0).squeeze(1), grad_z, grad_bias.sum(0).squeeze(1), grad_start};
}

}  // namespace
}  // namespace scan

TORCH_LIBRARY_IMPL(mvlr_mm, CPU, m) {
  m.impl("scan_native_backward", &scan::scan_backward);
}
