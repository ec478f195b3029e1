// elementary.h — exp, expm1 and (float64) log lane by lane, for activations and losses.
//
// Method: x = k·log 2 + r with |r| ≤ ½ log 2, Taylor polynomial of r (float64: to r¹³, remainder 4e-18; float32: to r⁷,
// remainder 7e-9), result scaled by 2^k. Relative error ≤ 2 ulp (expm1 ≤ 3). NaN gives NaN; overflow gives ∞, underflow 0.
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
#define TAYLOR_TERMS 13
#else
#define ROUNDER 12582912.0f // 1.5·2²³
#define ROUNDER_BITS 0x4b400000
#define LN2_HIGH 0.693359375f // 9 bits
#define LN2_LOW -2.12194440e-4f
#define EXPONENT_SHIFT 23
#define EXPONENT_BIAS 127
#define EXP_MAX 88.72283f
#define EXP_MIN -87.3f
#define TAYLOR_TERMS 7
#endif

// 1/1!, 1/2!, …
static const real inverse_factorials[14] = {1,
                                            1,
                                            (real)(1.0 / 2),
                                            (real)(1.0 / 6),
                                            (real)(1.0 / 24),
                                            (real)(1.0 / 120),
                                            (real)(1.0 / 720),
                                            (real)(1.0 / 5040),
                                            (real)(1.0 / 40320),
                                            (real)(1.0 / 362880),
                                            (real)(1.0 / 3628800),
                                            (real)(1.0 / 39916800),
                                            (real)(1.0 / 479001600),
                                            (real)(1.0 / 6227020800.0)};

// x → r + r²·(…) = e^r − 1 and k as a vector of integers. x is within [EXP_MIN, EXP_MAX] or NaN.
INLINE vector reduced_expm1(vector x, mask *k) {
  const vector shifted = x * (real)1.4426950408889634 + (real)ROUNDER;
  const vector rounded = shifted - (real)ROUNDER;
  *k = (mask)shifted - ROUNDER_BITS;
  const vector r = (x - rounded * LN2_HIGH) - rounded * LN2_LOW;
  vector p = splat(inverse_factorials[TAYLOR_TERMS]);
  for (int i = TAYLOR_TERMS - 1; i >= 2; i--) p = p * r + inverse_factorials[i];
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

// e^x − 1 for x ≤ 0.
INLINE vector expm1_nonpositive(vector x) {
  const mask is_low = x < (real)-40;
  mask k;
  const vector y = reduced_expm1(choose(is_low, (vector){0}, x), &k);
  const vector power = (vector)((k + EXPONENT_BIAS) << EXPONENT_SHIFT);
  return choose(is_low, splat(-1), y * power + (power - 1));
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
