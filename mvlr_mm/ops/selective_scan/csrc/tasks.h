// How the tensors are cut: into tasks for the threads, blocks of channels, chunks of
// steps.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "vectors.h"

namespace scan {

using Optional = std::optional<at::Tensor>;
// Channels of one task. Fixed, so that sums do not depend on the number of threads.
constexpr int64_t kTaskChannels = 128;

// Where vectors are, for inner loops: by value it stays in a register, while what a Vecs
// knows is read again after every store, which for all the compiler sees may change it.
class Place {
 public:
  explicit Place(float* lanes) : lanes_(lanes) {}
  Vec operator[](int64_t i) const { return Vec::loadu(lanes_ + i * kLanes); }
  void set(int64_t i, const Vec& value) const { value.store(lanes_ + i * kLanes); }

 private:
  float* lanes_;
};

// Vectors in memory, read and written as a whole: a Vec that is also reached as floats
// would break the compiler's rules of aliasing.
class Vecs {
 public:
  explicit Vecs(int64_t count) : lanes_(count * kLanes) {}
  Vec operator[](int64_t i) const { return Vec::loadu(lanes_.data() + i * kLanes); }
  void set(int64_t i, const Vec& value) { value.store(lanes_.data() + i * kLanes); }
  void fill(float value) { std::fill(lanes_.begin(), lanes_.end(), value); }
  float* lanes(int64_t i = 0) { return lanes_.data() + i * kLanes; }
  Place from(int64_t i = 0) { return Place(lanes(i)); }

 private:
  std::vector<float> lanes_;
};

// Neighbouring channels that one vector holds; fewer at the end of a group.
struct Block {
  int64_t first;
  int used;
};

// The (channels, steps) matrix of one image, with any strides. Also (channels, states).
struct Plane {
  float* data;
  int64_t channel, step;  // strides

  // Of a tensor whose last two axes these are, at an index of the axes before.
  explicit Plane(const at::Tensor& tensor, int64_t image = 0, int64_t chunk = 0)
      : data(tensor.data_ptr<float>()),
        channel(tensor.stride(-2)),
        step(tensor.stride(-1)) {
    if (tensor.dim() > 2) data += image * tensor.stride(0);
    if (tensor.dim() > 3) data += chunk * tensor.stride(1);
  }

  // Lanes beyond `used` become zero: they add nothing to any sum.
  void load(float* lanes, Block block, int64_t begin, int64_t count) const {
    const float* from = data + block.first * channel + begin * step;
    if (block.used == kLanes && channel == 1) {
      for (int64_t t = 0; t < count; ++t) Vec::loadu(from + t * step).store(lanes + t * kLanes);
    } else if (block.used == kLanes && step == 1) {
      for (int64_t t = 0; t < count; t += kLanes)
        at::vec::transpose_mxn<float>(
            from + t, channel, lanes + t * kLanes, kLanes, kLanes,
            static_cast<int>(std::min<int64_t>(kLanes, count - t)));
    } else {
      std::fill(lanes, lanes + count * kLanes, 0.0f);
      for (int lane = 0; lane < block.used; ++lane)
        for (int64_t t = 0; t < count; ++t)
          lanes[t * kLanes + lane] = from[lane * channel + t * step];
    }
  }

  void store(const float* lanes, Block block, int64_t begin, int64_t count) const {
    float* to = data + block.first * channel + begin * step;
    if (block.used == kLanes && channel == 1) {
      for (int64_t t = 0; t < count; ++t) Vec::loadu(lanes + t * kLanes).store(to + t * step);
    } else if (block.used == kLanes && step == 1) {
      for (int64_t t = 0; t < count; t += kLanes)
        at::vec::transpose_mxn<float>(
            lanes + t * kLanes, kLanes, to + t, channel,
            static_cast<int>(std::min<int64_t>(kLanes, count - t)), kLanes);
    } else {
      for (int lane = 0; lane < block.used; ++lane)
        for (int64_t t = 0; t < count; ++t)
          to[lane * channel + t * step] = lanes[t * kLanes + lane];
    }
  }
};

// The (states, steps) matrix of one group of one image: a number for all channels.
struct Matrix {
  const float* data;
  int64_t state, step;  // strides

  Matrix(const at::Tensor& tensor, int64_t image, int64_t group)
      : data(
            tensor.data_ptr<float>() + image * tensor.stride(0) +
            group * tensor.stride(1)),
        state(tensor.stride(2)),
        step(tensor.stride(3)) {}

  Matrix from(int64_t n, int64_t t) const {
    Matrix rest = *this;
    rest.data += n * state + t * step;
    return rest;
  }
  Vec operator()(int64_t n, int64_t t) const { return Vec(data[n * state + t * step]); }
};

// An image, a group, and up to kTaskChannels of its channels.
struct Task {
  int64_t image, group, part, first, last;

  int64_t blocks() const { return (last - first + kLanes - 1) / kLanes; }
  Block block(int64_t index) const {
    const int64_t start = first + index * kLanes;
    return {start, static_cast<int>(std::min<int64_t>(kLanes, last - start))};
  }
};

// Sizes: images B, channels D, steps L, states N, groups G.
struct Sizes {
  int64_t images, channels, length, states, groups, per_group, parts;

  Sizes(const at::Tensor& u, const at::Tensor& A, const at::Tensor& B)
      : images(u.size(0)),
        channels(u.size(1)),
        length(u.size(2)),
        states(A.size(1)),
        groups(B.size(1)),
        per_group(channels / groups),
        parts((per_group + kTaskChannels - 1) / kTaskChannels) {}

  template <typename Run>
  void for_each_task(const Run& run) const {
    at::parallel_for(0, images * groups * parts, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        Task task{i / (groups * parts), i / parts % groups, i % parts, 0, 0};
        task.first = task.group * per_group + task.part * kTaskChannels;
        task.last = std::min(task.first + kTaskChannels, (task.group + 1) * per_group);
        run(task);
      }
    });
  }
};

// A value for each channel, (D,); zero where there is none.
inline Vec load_channels(const Optional& values, Block block) {
  if (!values) return Vec(0.0f);
  float lanes[kLanes] = {};
  const float* from = values->data_ptr<float>();
  for (int lane = 0; lane < block.used; ++lane)
    lanes[lane] = from[(block.first + lane) * values->stride(0)];
  return Vec::loadu(lanes);
}

}  // namespace scan
