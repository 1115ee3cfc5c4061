// The causal depthwise convolution of a Mamba block with its SiLU, and its gradient.
//
//   out_l = silu(bias + sum_k weight_k in_(l + k)),   in = past, then x
//
// Shapes, contiguous: x, out (B, L, D); past (B, K - 1, D); weight (K, D); bias (D).
#include <torch/library.h>

#include <tuple>

#include "tasks.h"

namespace scan {
namespace {

constexpr int64_t kMaxWidth = 8;
// Steps whose rows stay in the cache while the forward passes over the channels.
constexpr int64_t kSteps = 32;

// One image and one vector of channels of everything.
struct Lane {
  const float *x, *past, *weight, *bias;
  int64_t channels, width;
  int used;

  Lane(
      const at::Tensor& xs, const at::Tensor& pasts, const at::Tensor& weights,
      const at::Tensor& biases, int64_t image, int64_t first)
      : x(xs.data_ptr<float>() + image * xs.size(1) * xs.size(2) + first),
        past(
            pasts.data_ptr<float>() + image * pasts.size(1) * pasts.size(2) + first),
        weight(weights.data_ptr<float>() + first),
        bias(biases.data_ptr<float>() + first),
        channels(xs.size(2)),
        width(weights.size(0)),
        used(static_cast<int>(std::min<int64_t>(kLanes, channels - first))) {}

  Vec in(int64_t row) const {  // of past and x together
    const float* from =
        row < width - 1 ? past + row * channels : x + (row - width + 1) * channels;
    return used == kLanes ? Vec::loadu(from) : Vec::loadu(from, used);
  }
  Vec load(const float* from) const { return Vec::loadu(from, used); }
  void load_weights(Vec* to) const {
    for (int64_t k = 0; k < width; ++k) to[k] = load(weight + k * channels);
  }
  Vec sum(const Vec* weights, int64_t step) const {
    Vec total = load(bias);
    for (int64_t k = 0; k < width; ++k)
      total = at::vec::fmadd(weights[k], in(step + k), total);
    return total;
  }
};

template <typename Run>
void for_each_lane(const at::Tensor& x, const Run& run) {
  const int64_t blocks = (x.size(2) + kLanes - 1) / kLanes;
  at::parallel_for(0, x.size(0) * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) run(i / blocks, i % blocks * kLanes);
  });
}

at::Tensor conv_forward(
    const at::Tensor& x, const at::Tensor& past, const at::Tensor& weight,
    const at::Tensor& bias) {
  TORCH_CHECK(weight.size(0) <= kMaxWidth, "conv_silu is at most ", kMaxWidth, " wide");
  at::Tensor out = at::empty_like(x);
  const int64_t L = x.size(1), D = x.size(2), parts = (L + kSteps - 1) / kSteps;
  at::parallel_for(0, x.size(0) * parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t image = i / parts, start = i % parts * kSteps;
      for (int64_t first = 0; first < D; first += kLanes) {
        const Lane lane(x, past, weight, bias, image, first);
        float* to = out.data_ptr<float>() + image * L * D + first;
        Vec weights[kMaxWidth];
        lane.load_weights(weights);
        for (int64_t step = start; step < std::min(start + kSteps, L); ++step) {
          const Vec sum = lane.sum(weights, step);
          (sum * sigmoid_of(sum)).store(to + step * D, lane.used);
        }
      }
    }
  });
  return out;
}

// Returns the gradients of x, past, weight and bias.
std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> conv_backward(
    const at::Tensor& grad, const at::Tensor& x, const at::Tensor& past,
    const at::Tensor& weight, const at::Tensor& bias) {
  at::Tensor grad_x = at::empty_like(x), grad_past = at::empty_like(past);
  const int64_t images = x.size(0), L = x.size(1), D = x.size(2), K = weight.size(0);
  at::Tensor grad_weight = at::empty({images, K, D}, x.options());
  at::Tensor grad_bias = at::empty({images, D}, x.options());
  for_each_lane(x, [&](int64_t image, int64_t first) {
    const Lane lane(x, past, weight, bias, image, first);
    const float* from = grad.data_ptr<float>() + image * L * D + first;
    float* to_x = grad_x.data_ptr<float>() + image * L * D + first;
    float* to_past = grad_past.data_ptr<float>() + image * (K - 1) * D + first;
    Vec weights[kMaxWidth], dweights[kMaxWidth], dbias(0.0f);
    lane.load_weights(weights);
    for (int64_t k = 0; k < K; ++k) dweights[k] = Vec(0.0f);
    Vecs before(L);  // the gradients before the SiLU
    for (int64_t step = 0; step < L; ++step) {
      const Vec sum = lane.sum(weights, step), open = sigmoid_of(sum);
      const Vec slope = open + sum * open * (Vec(1.0f) - open);
      const Vec g = lane.load(from + step * D) * slope;
      before.set(step, g);
      dbias = dbias + g;
      for (int64_t k = 0; k < K; ++k)
        dweights[k] = at::vec::fmadd(g, lane.in(step + k), dweights[k]);
    }
    for (int64_t row = 0; row < L + K - 1; ++row) {
      Vec total(0.0f);
      for (int64_t k = std::max<int64_t>(0, row - L + 1); k < K && k <= row; ++k)
        total = at::vec::fmadd(weights[k], before[row - k], total);
      float* to = row < K - 1 ? to_past + row * D : to_x + (row - K + 1) * D;
      total.store(to, lane.used);
    }
    for (int64_t k = 0; k < K; ++k)
      dweights[k].store(
          grad_weight.data_ptr<float>() + (image * K + k) * D + first, lane.used);
    dbias.store(grad_bias.data_ptr<float>() + image * D + first, lane.used);
  });
  return {grad_x, grad_past, grad_weight.sum(0), grad_bias.sum(0)};
}

}  // namespace
}  // namespace scan

TORCH_LIBRARY_IMPL(mvlr_mm, CPU, m) {
  m.impl("conv_silu", &scan::conv_forward);
  m.impl("conv_silu_backward", &scan::conv_backward);
}
