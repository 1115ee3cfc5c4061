// Vectors of neighbouring channels, and the functions of one that the scan needs.
#pragma once

#include <ATen/cpu/vec/vec.h>

#include <cstdint>

namespace scan {

using Vec = at::vec::Vectorized<float>;
using IntVec = at::vec::Vectorized<int32_t>;
constexpr int kLanes = Vec::size();
constexpr float kLog2E = 1.44269504f;

// 2^f for |f| <= 1/2: a fitted polynomial, relative error below 3e-7.
inline Vec exp2_of_fraction(const Vec& f) {
  Vec p = at::vec::fmadd(Vec(0.00132647273f), f, Vec(0.00967151299f));
  p = at::vec::fmadd(p, f, Vec(0.0555073358f));
  p = at::vec::fmadd(p, f, Vec(0.240222424f));
  p = at::vec::fmadd(p, f, Vec(0.693147004f));
  return at::vec::fmadd(p, f, Vec(1.0f));
}

// 2^x; 0 below about 2^-127, infinite from 2^128 on, not a number where x is not.
inline Vec exp2_of(const Vec& value) {
#if defined(CPU_CAPABILITY_AVX512)
  // scalef makes 0 or infinity of the NaN that an infinite value has as its fraction
  const __m512 whole = _mm512_roundscale_ps(value, _MM_FROUND_TO_NEAREST_INT);
  return _mm512_scalef_ps(exp2_of_fraction(_mm512_sub_ps(value, whole)), whole);
#else
  const Vec x = at::vec::clamp(value, Vec(-127.0f), Vec(128.0f));
  const Vec magic(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const Vec shifted = x + magic;
  const IntVec exponent =
      (at::vec::cast<int32_t, float>(shifted) << IntVec(23)) + IntVec(0x3f800000);
  return exp2_of_fraction(x - (shifted - magic)) *
      at::vec::cast<float, int32_t>(exponent);
#endif
}

inline Vec sigmoid_of(const Vec& x) {
  return Vec(1.0f) / (Vec(1.0f) + exp2_of(x * Vec(-kLog2E)));
}

// log(1 + e^x) = max(x, 0) + log(1 + y), y = e^-|x| in (0, 1]. The logarithm is the
// series 2 (s + s^3/3 + s^5/5 + ...) in s = y / (2 + y) <= 1/3, exact for small y.
inline Vec softplus_of(const Vec& x) {
  const Vec y = exp2_of(x.abs() * Vec(-kLog2E));
  const Vec s = y / (Vec(2.0f) + y), q = s * s;
  Vec p = at::vec::fmadd(Vec(2.0f / 15), q, Vec(2.0f / 13));
  p = at::vec::fmadd(p, q, Vec(2.0f / 11));
  p = at::vec::fmadd(p, q, Vec(2.0f / 9));
  p = at::vec::fmadd(p, q, Vec(2.0f / 7));
  p = at::vec::fmadd(p, q, Vec(2.0f / 5));
  p = at::vec::fmadd(p, q, Vec(2.0f / 3));
  p = at::vec::fmadd(p, q, Vec(2.0f));
  return at::vec::fmadd(p, s, at::vec::maximum(x, Vec(0.0f)));
}

inline float sum_lanes(const Vec& value) {
  float lanes[kLanes];
  value.store(lanes);
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  return lanes[0];
}

}  // namespace scan
