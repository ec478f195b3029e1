// elementary.h — exp, expm1 and (float64) log lane by lane, for activations and losses.
//
// Method: x = k·log 2 + r with |r| ≤ ½ log 2, polynomial of r (float64: to r¹¹, through the Chebyshev nodes, error 1.2e-17;
// float32: Taylor's to r⁷, remainder 7e-9), result scaled by 2^k. Relative error ≤ 2 ulp (expm1 ≤ 3). NaN gives NaN;
// overflow gives ∞, underflow 0.
#ifndef ELEMENTARY_H
#define ELEMENTARY_H
#include "vector.h"

#if REAL_BITS == 64
#define ROUNDER 6755399441055744.0 // 1.5·2⁵²: adding it rounds to an integer that lies in the low bits
#define ROUNDER_BITS 0x4338000000000000
#define LN2_HIGH 0.6931471803691238 // the last 21 bits are 0: k·LN2_HIGH is exact
#define LN2_LOW 1.9082149292705877e-10
#define EXPONENT_SHIFT 52
#define EXPONENT_BIAS 1023
#define EXP_MAX 709.782712893384   // log of the largest number
#define EXP_MIN -708.0             // below: 0 (no subnormal results)
#define EXPM1_TERMS 10
#else
#define ROUNDER 12582912.0f // 1.5·2²³
#define ROUNDER_BITS 0x4b400000
#define LN2_HIGH 0.693359375f // 9 bits
#define LN2_LOW -2.12194440e-4f
#define EXPONENT_SHIFT 23
#define EXPONENT_BIAS 127
#define EXP_MAX 88.72283f
#define EXP_MIN -87.3f
#define EXPM1_TERMS 6
#endif

// Coefficients of (e^r − 1 − r)/r², lowest first.
#if REAL_BITS == 64
static const real expm1_tail[EXPM1_TERMS] = {
    0.50000000000000010221,    0.16666666666666667453,    0.041666666666624127873,   0.0083333333333300618325,
    0.0013888888917213716901,  0.00019841269863053616878, 2.4801521295954375131e-5,  2.7557268459997064772e-6,
    2.7620088445409748161e-7,  2.5100385495510319078e-8};
#else
static const real expm1_tail[EXPM1_TERMS] = {1.0f / 2,   1.0f / 6,   1.0f / 24,
                                             1.0f / 120, 1.0f / 720, 1.0f / 5040};
#endif

// x → r + r²·(…) = e^r − 1 and k as a vector of integers. x is within [EXP_MIN, EXP_MAX] or NaN.
INLINE vector reduced_expm1(vector x, mask *k) {
  const vector shifted = x * (real)1.4426950408889634 + (real)ROUNDER;
  const vector rounded = shifted - (real)ROUNDER;
  *k = (mask)shifted - ROUNDER_BITS;
  const vector r = (x - rounded * LN2_HIGH) - rounded * LN2_LOW;
  vector p = splat(expm1_tail[EXPM1_TERMS - 1]);
  for (int i = EXPM1_TERMS - 2; i >= 0; i--) p = p * r + expm1_tail[i];
  return r + r * r * p;
}

// y·2^k for −1022 ≤ k ≤ 1024 (float32: −126 … 128), in two factors so that 2^1024 is not needed.
INLINE vector scale_by_power(vector y, mask k) {
  const mask half = k >> 1;
  const vector first = (vector)((half + EXPONENT_BIAS) << EXPONENT_SHIFT);
  const vector second = (vector)((k - half + EXPONENT_BIAS) << EXPONENT_SHIFT);
  return y * first * second;
}

// e^x.
INLINE vector exponential(vector x) {
  const mask is_low = x < (real)EXP_MIN, is_high = x > (real)EXP_MAX;
  mask k;
  const vector clamped = choose(is_low | is_high, (vector){0}, x);
  const vector fraction = reduced_expm1(clamped, &k);
  const vector y = scale_by_power(1 + fraction, k);
  return choose(is_high, splat((real)__builtin_inf()), choose(is_low, (vector){0}, y));
}

// e^x − 1 for x ≤ 0. Below −40 it is that of −40, which rounds to −1.
INLINE vector expm1_nonpositive(vector x) {
  mask k;
  const vector y = reduced_expm1(choose(x < (real)-40, splat(-40), x), &k);
  const vector power = (vector)((k + EXPONENT_BIAS) << EXPONENT_SHIFT);
  return y * power + (power - 1);
}

// tanh x = −t/(t + 2) with t = e^{−2|x|} − 1, sign of x restored: no cancellation near 0.
INLINE vector hyperbolic_tangent(vector x) {
  const mask sign = (mask)x & (mask)(-(vector){0}); // the bits of −0
  const vector magnitude = (vector)((mask)x ^ sign);
  const vector t = expm1_nonpositive(-2 * magnitude);
  return (vector)((mask)(-t / (t + 2)) | sign);
}

// 1/(1 + e^{−x}).
INLINE vector logistic(vector x) { return 1 / (1 + exponential(-x)); }

#if REAL_BITS == 64
// log u for u > 0; ∞ and NaN stay what they are. Polynomial of s = f/(2 + f) as in src/random/elementary.ts.
INLINE wide natural_log(wide u) {
  const mask t = (mask)u - 0x3fe6a09e00000000;
  const mask power = t >> 52;
  const wide f = (wide)((mask)u - (power << 52)) - 1.0;
  const wide k = (wide)(power + ROUNDER_BITS) - ROUNDER;
  const wide s = f / (2.0 + f);
  const wide z = s * s;
  wide r = 0.18183564866130517 + z * (0.15314035847062213 + z * 0.14796105340634175);
  r = 0.2857142874247473 + z * (0.22222198563497944 + z * r);
  r = z * (0.6666666666666734 + z * (0.3999999999941432 + z * r));
  const wide y = k * LN2_HIGH + (f - (s * (f - r) - k * LN2_LOW));
  return choose(u < __builtin_inf(), y, u);
}
#endif
#endif
