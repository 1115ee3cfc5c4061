// Vectors of neighbouring channels, and the functions of one that the scan needs.
#pragma once

#include <ATen/cpu/vec/vec.h>

#include <cstdint>

namespace scan {

using Vec = at::vec::Vectorized<float>;
using IntVec = at::vec::Vectorized<int32_t>;
constexpr int kLanes = Vec::size();
constexpr float kLog2E = 1.44269504f;

#if defined(CPU_CAPABILITY_AVX512)
// 2^(j/32)
alignas(64) constexpr float kPowers[32] = {
    1.0f, 1.0218972f, 1.04427373f, 1.06714046f, 1.09050775f, 1.1143868f,
    1.13878858f, 1.1637249f, 1.18920708f, 1.21524739f, 1.24185777f, 1.26905096f,
    1.29683959f, 1.32523668f, 1.35425556f, 1.38390994f, 1.41421354f, 1.44518077f,
    1.47682619f, 1.50916445f, 1.54221082f, 1.5759809f, 1.61049032f, 1.64575553f,
    1.68179286f, 1.71861935f, 1.75625217f, 1.79470909f, 1.8340081f, 1.87416768f,
    1.91520655f, 1.95714414f};

// 2^x; 0 below about 2^-127, infinite from 2^128 on, not a number where x is not.
// x = w + j/32 + f with |f| <= 1/64, where a polynomial of degree 2 is right to 1.2e-7;
// the powers are looked up in two registers, off the units that multiply.
inline Vec exp2_of(const Vec& x) {
  const __m512 low = _mm512_load_ps(kPowers), high = _mm512_load_ps(kPowers + 16);
  const __m512 near =
      _mm512_roundscale_ps(x, 5 << 4 | _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 f = _mm512_sub_ps(x, near);
  // 1.5 * 2^18: adding it leaves j in the last bits
  const __m512i j = _mm512_castps_si512(_mm512_add_ps(near, _mm512_set1_ps(393216.0f)));
  const __m512 power = _mm512_permutex2var_ps(low, j, high);
  const __m512 slope = _mm512_fmadd_ps(
      _mm512_set1_ps(0.240226761f), f, _mm512_set1_ps(0.693157315f));
  // scalef takes w of w + j/32, and makes 0 or infinity of the NaN that an infinite x
  // has as its fraction
  return _mm512_scalef_ps(_mm512_fmadd_ps(_mm512_mul_ps(power, f), slope, power), near);
}
#else
// 2^x; 0 below about 2^-127, infinite from 2^128 on, not a number where x is not.
// x = w + f with |f| <= 1/2, where a polynomial of degree 5 is right to 3e-7.
inline Vec exp2_of(const Vec& value) {
  const Vec x = at::vec::clamp(value, Vec(-127.0f), Vec(128.0f));
  const Vec magic(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const Vec shifted = x + magic;
  const IntVec exponent =
      (at::vec::cast<int32_t, float>(shifted) << IntVec(23)) + IntVec(0x3f800000);
  const Vec f = x - (shifted - magic);
  Vec p = at::vec::fmadd(Vec(0.00132647273f), f, Vec(0.00967151299f));
  p = at::vec::fmadd(p, f, Vec(0.0555073358f));
  p = at::vec::fmadd(p, f, Vec(0.240222424f));
  p = at::vec::fmadd(p, f, Vec(0.693147004f));
  return at::vec::fmadd(p, f, Vec(1.0f)) * at::vec::cast<float, int32_t>(exponent);
}
#endif

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
