// The recurrence of the selective scan and its gradient, in float32 on the CPU.
//
//   h_t = exp(delta_t A) h_(t-1) + delta_t u_t B_t,   y_t = sum_n C_t[n] h_t[n]
//
// Shapes: u, delta, y (B, D, L) with any strides; A (D, N); B, C (B, G, L, N);
// states (B, D, N). A vector holds neighbouring channels, a chunk a few steps. Inside
// a chunk the loop over the N states is outside and the loop over the steps inside:
// everything that the recurrence carries stays in registers, for any N, and no
// (B, D, L, N) tensor exists.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <vector>

namespace {

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif
constexpr int kLanes = kBytes / sizeof(float);
// Channels of one task. Fixed, so that sums do not depend on the number of threads.
constexpr int64_t kTaskChannels = 128;
constexpr float kLog2E = 1.44269504f;

typedef float Vec __attribute__((vector_size(kBytes)));
typedef int32_t IntVec __attribute__((vector_size(kBytes)));

// 2^x: a polynomial for the fraction (fitted to |f| <= 1/2, relative error below
// 3e-7), the exponent bits for the rest. Below 2^-127 it is 0, above 2^127.5 infinite.
inline Vec exp2_of(Vec x) {
  const Vec low = Vec{} - 127.0f, high = Vec{} + 128.0f;
  x = low > x ? low : x;
  x = high < x ? high : x;
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  const Vec shifted = x + magic;
  const Vec f = x - (shifted - magic);
  Vec p = Vec{} + 0.00132647273f;
  p = p * f + 0.00967151299f;
  p = p * f + 0.0555073358f;
  p = p * f + 0.240222424f;
  p = p * f + 0.693147004f;
  p = p * f + 1.0f;
  IntVec exponent;
  std::memcpy(&exponent, &shifted, kBytes);
  exponent = (exponent << 23) + 0x3f800000;
  Vec scale;
  std::memcpy(&scale, &exponent, kBytes);
  return p * scale;
}

inline float sum_lanes(Vec v) {
  float lanes[kLanes];
  std::memcpy(lanes, &v, kBytes);
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  return lanes[0];
}

// A (D, L) image of a (B, D, L) tensor, or a (D, N) image of a (B, D, N) one.
struct Plane {
  float* data;
  int64_t channel, step;  // strides

  Plane(const at::Tensor& t, int64_t image)
      : data(t.data_ptr<float>() + image * t.stride(0)),
        channel(t.stride(1)),
        step(t.stride(2)) {}

  // Lanes beyond `used` are zero: they add nothing to any sum.
  void load(Vec* to, int64_t first, int used, int64_t begin, int64_t count) const {
    const float* from = data + first * channel + begin * step;
    if (channel == 1 && used == kLanes) {
      for (int64_t t = 0; t < count; ++t) std::memcpy(to + t, from + t * step, kBytes);
      return;
    }
    float* lanes = reinterpret_cast<float*>(to);
    if (used < kLanes) std::fill(lanes, lanes + count * kLanes, 0.0f);
    for (int lane = 0; lane < used; ++lane)
      for (int64_t t = 0; t < count; ++t)
        lanes[t * kLanes + lane] = from[lane * channel + t * step];
  }

  void store(const Vec* value, int64_t first, int used, int64_t begin, int64_t count) {
    float* to = data + first * channel + begin * step;
    if (channel == 1 && used == kLanes) {
      for (int64_t t = 0; t < count; ++t) std::memcpy(to + t * step, value + t, kBytes);
      return;
    }
    const float* lanes = reinterpret_cast<const float*>(value);
    for (int lane = 0; lane < used; ++lane)
      for (int64_t t = 0; t < count; ++t)
        to[lane * channel + t * step] = lanes[t * kLanes + lane];
  }
};

// The work is cut into tasks: an image, a group, and up to kTaskChannels of its
// channels. A task walks over its channels in blocks of one vector.
struct Tasks {
  int64_t images, channels, length, states, groups, per_group, parts;

  Tasks(const at::Tensor& u, const at::Tensor& A, const at::Tensor& B)
      : images(u.size(0)),
        channels(u.size(1)),
        length(u.size(2)),
        states(A.size(1)),
        groups(B.size(1)),
        per_group(channels / groups),
        parts((per_group + kTaskChannels - 1) / kTaskChannels) {}

  struct Task {
    int64_t image, group, part, first, last;
    int64_t blocks() const { return (last - first + kLanes - 1) / kLanes; }
    int64_t channel(int64_t block) const { return first + block * kLanes; }
    int used(int64_t block) const {
      return static_cast<int>(std::min<int64_t>(kLanes, last - channel(block)));
    }
  };

  template <typename Run>
  void for_each(const Run& run) const {
    at::parallel_for(0, images * groups * parts, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        Task task{i / (groups * parts), i / parts % groups, i % parts, 0, 0};
        task.first = task.group * per_group + task.part * kTaskChannels;
        task.last = std::min(task.first + kTaskChannels, (task.group + 1) * per_group);
        run(task);
      }
    });
  }

  // Where the (L, N) matrix of a task's group begins in a (..., B, G, L, N) tensor.
  float* matrix(const at::Tensor& t, const Task& task, int64_t part = 0) const {
    const int64_t index = (part * images + task.image) * groups + task.group;
    return t.data_ptr<float>() + index * length * states;
  }
};

void scale(std::vector<Vec>& values, float factor) {
  for (Vec& value : values) value *= factor;
}

// Returns y, the last state, and the state before every chunk (B, chunks, D, N).
std::tuple<at::Tensor, at::Tensor, at::Tensor> scan_forward(
    const at::Tensor& u, const at::Tensor& delta, const at::Tensor& A,
    const at::Tensor& B, const at::Tensor& C, const at::Tensor& initial_state,
    int64_t chunk) {
  const Tasks tasks(u, A, B);
  const int64_t N = tasks.states, L = tasks.length;
  at::Tensor y = at::empty_like(u), last = at::empty_like(initial_state);
  const int64_t chunks = (L + chunk - 1) / chunk;
  at::Tensor starts =
      at::empty({tasks.images, chunks, N, tasks.channels}, u.options()).transpose(2, 3);
  const at::Tensor rates = A.unsqueeze(0);

  tasks.for_each([&](const Tasks::Task& task) {
    const Plane us(u, task.image), deltas(delta, task.image), as(rates, 0);
    const Plane firsts(initial_state, task.image);
    Plane ys(y, task.image), lasts(last, task.image);
    const float *Bs = tasks.matrix(B, task), *Cs = tasks.matrix(C, task);
    std::vector<Vec> a(N), h(N), x(chunk), step(chunk), out(chunk);
    for (int64_t block = 0; block < task.blocks(); ++block) {
      const int64_t d = task.channel(block);
      const int used = task.used(block);
      as.load(a.data(), d, used, 0, N);
      scale(a, kLog2E);
      firsts.load(h.data(), d, used, 0, N);
      for (int64_t index = 0; index < chunks; ++index) {
        const int64_t begin = index * chunk, T = std::min(chunk, L - begin);
        Plane(starts.select(1, index), task.image).store(h.data(), d, used, 0, N);
        us.load(x.data(), d, used, begin, T);
        deltas.load(step.data(), d, used, begin, T);
        for (int64_t t = 0; t < T; ++t) {
          x[t] *= step[t];
          out[t] = Vec{};
        }
        for (int64_t n = 0; n < N; ++n) {
          const float *b = Bs + begin * N + n, *c = Cs + begin * N + n;
          const Vec rate = a[n];
          Vec state = h[n];
          for (int64_t t = 0; t < T; ++t) {
            state = exp2_of(step[t] * rate) * state + x[t] * b[t * N];
            out[t] += state * c[t * N];
          }
          h[n] = state;
        }
        ys.store(out.data(), d, used, begin, T);
      }
      lasts.store(h.data(), d, used, 0, N);
    }
  });
  return {y, last, starts};
}

// Returns the gradients of u, delta, A, B, C and the initial state.
std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor>
scan_backward(
    const at::Tensor& grad_y, const at::Tensor& grad_last, const at::Tensor& u,
    const at::Tensor& delta, const at::Tensor& A, const at::Tensor& B,
    const at::Tensor& C, const at::Tensor& starts, int64_t chunk) {
  const Tasks tasks(u, A, B);
  const int64_t N = tasks.states, L = tasks.length, chunks = starts.size(1);
  at::Tensor grad_u = at::empty_like(u), grad_delta = at::empty_like(delta);
  at::Tensor grad_start = at::empty_like(grad_last);
  // One per image, and per part of a group, which other tasks write at the same time.
  at::Tensor grad_A = at::empty({tasks.images, tasks.channels, N}, u.options());
  const std::vector<int64_t> shape{tasks.parts, tasks.images, tasks.groups, L, N};
  at::Tensor grad_B = at::empty(shape, u.options()), grad_C = at::empty_like(grad_B);
  const at::Tensor rates = A.unsqueeze(0);

  tasks.for_each([&](const Tasks::Task& task) {
    const Plane us(u, task.image), deltas(delta, task.image), as(rates, 0);
    const Plane dys(grad_y, task.image), dlasts(grad_last, task.image);
    Plane dus(grad_u, task.image), ddeltas(grad_delta, task.image);
    Plane das(grad_A, task.image), dstarts(grad_start, task.image);
    const float *Bs = tasks.matrix(B, task), *Cs = tasks.matrix(C, task);
    float* dBs = tasks.matrix(grad_B, task, task.part);
    float* dCs = tasks.matrix(grad_C, task, task.part);
    const int64_t blocks = task.blocks();
    std::vector<Vec> a(blocks * N), dh(blocks * N), da(blocks * N), h0(N);
    std::vector<Vec> x(chunk), step(chunk), dy(chunk), dx(chunk), dstep(chunk);
    std::vector<Vec> h(chunk + 1), decay(chunk), dB(chunk * N), dC(chunk * N);
    for (int64_t block = 0; block < blocks; ++block) {
      const int64_t d = task.channel(block);
      as.load(&a[block * N], d, task.used(block), 0, N);
      dlasts.load(&dh[block * N], d, task.used(block), 0, N);
    }
    for (int64_t index = chunks - 1; index >= 0; --index) {
      const int64_t begin = index * chunk, T = std::min(chunk, L - begin);
      const Plane befores(starts.select(1, index), task.image);
      std::fill(dB.begin(), dB.end(), Vec{});
      std::fill(dC.begin(), dC.end(), Vec{});
      for (int64_t block = 0; block < blocks; ++block) {
        const int64_t d = task.channel(block);
        const int used = task.used(block);
        us.load(x.data(), d, used, begin, T);
        deltas.load(step.data(), d, used, begin, T);
        dys.load(dy.data(), d, used, begin, T);
        befores.load(h0.data(), d, used, 0, N);
        for (int64_t t = 0; t < T; ++t) {
          x[t] *= step[t];
          dx[t] = dstep[t] = Vec{};
        }
        for (int64_t n = 0; n < N; ++n) {
          const float *b = Bs + begin * N + n, *c = Cs + begin * N + n;
          const Vec rate = a[block * N + n];
          h[0] = h0[n];
          for (int64_t t = 0; t < T; ++t) {
            decay[t] = exp2_of(step[t] * (rate * kLog2E));
            h[t + 1] = decay[t] * h[t] + x[t] * b[t * N];
          }
          Vec carried = dh[block * N + n], drate = da[block * N + n];
          for (int64_t t = T - 1; t >= 0; --t) {
            const Vec grad = carried + dy[t] * c[t * N];
            dC[t * N + n] += dy[t] * h[t + 1];
            dB[t * N + n] += grad * x[t];
            dx[t] += grad * b[t * N];
            carried = grad * decay[t];
            const Vec dexponent = carried * h[t];  // of delta_t A
            drate += dexponent * step[t];
            dstep[t] += dexponent * rate;
          }
          dh[block * N + n] = carried;
          da[block * N + n] = drate;
        }
        // x was delta u: its gradient goes to both.
        us.load(x.data(), d, used, begin, T);
        for (int64_t t = 0; t < T; ++t) {
          dstep[t] += dx[t] * x[t];
          dx[t] *= step[t];
        }
        dus.store(dx.data(), d, used, begin, T);
        ddeltas.store(dstep.data(), d, used, begin, T);
      }
      for (int64_t i = 0; i < T * N; ++i) {
        dBs[begin * N + i] = sum_lanes(dB[i]);
        dCs[begin * N + i] = sum_lanes(dC[i]);
      }
    }
    for (int64_t block = 0; block < blocks; ++block) {
      const int64_t d = task.channel(block);
      das.store(&da[block * N], d, task.used(block), 0, N);
      dstarts.store(&dh[block * N], d, task.used(block), 0, N);
    }
  });
  return {grad_u, grad_delta, grad_A.sum(0), grad_B.sum(0), grad_C.sum(0), grad_start};
}

}  // namespace

TORCH_LIBRARY(mvlr_mm, m) {
  m.def(
      "scan_forward(Tensor u, Tensor delta, Tensor A, Tensor B, Tensor C, "
      "Tensor initial_state, int chunk) -> (Tensor, Tensor, Tensor)");
  m.def(
      "scan_backward(Tensor grad_y, Tensor grad_last, Tensor u, Tensor delta, "
      "Tensor A, Tensor B, Tensor C, Tensor starts, int chunk) "
      "-> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)");
}

TORCH_LIBRARY_IMPL(mvlr_mm, CPU, m) {
  m.impl("scan_forward", &scan_forward);
  m.impl("scan_backward", &scan_backward);
}
