// elementary.h — tanh, 1/(1 + e^−x) and (float64) exp and log lane by lane, for activations and losses.
//
// Method: e^x = 2^k·(c + r)/(c − r) with ½x = ½k·log 2 + r, |r| ≤ ¼ log 2, c = r·coth r, which is a polynomial of r² (float64:
// error 9e-19, float32: 2e-9, through the Chebyshev nodes). tanh and the logistic function are quotients of the same
// terms, so one division makes them, without cancellation. Relative error ≤ 3 ulp (5 without fused multiply-add). NaN
// gives NaN; overflow gives ∞, underflow 0.
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
#define LOGISTIC_MAX 708.0 // 2^k is a normal number up to here
#define TANH_MAX 20.0      // tanh rounds to 1
#define R_COTH_TERMS 5
#else
#define ROUNDER 12582912.0f // 1.5·2²³
#define ROUNDER_BITS 0x4b400000
#define LN2_HIGH 0.693359375f // 9 bits
#define LN2_LOW -2.12194440e-4f
#define EXPONENT_SHIFT 23
#define EXPONENT_BIAS 127
#define LOGISTIC_MAX 87.0f
#define TANH_MAX 10.0f
#define R_COTH_TERMS 2
#endif

// Coefficients of (r·coth r − 1)/r² as a polynomial of r², lowest first.
#if REAL_BITS == 64
static const real r_coth_tail[R_COTH_TERMS] = {0.33333333333333203808, -0.022222222221611013521, 0.002116402022718781262,
                                               -0.00021163394248624878412, 2.1187177796316190298e-5};
#else
static const real r_coth_tail[R_COTH_TERMS] = {0.33333251f, -0.022133981f};
#endif

typedef struct {
  vector c, r;
  mask k;
} Parts;

// The parts of e^{2y}.
INLINE Parts parts_of(vector y) {
  const vector shifted = y * (real)(2 * 1.4426950408889634) + (real)ROUNDER;
  const vector rounded = shifted - (real)ROUNDER;
  const vector r = (y - rounded * (LN2_HIGH / 2)) - rounded * (LN2_LOW / 2);
  const vector square = r * r;
  vector c = splat(r_coth_tail[R_COTH_TERMS - 1]);
  for (int i = R_COTH_TERMS - 2; i >= 0; i--) c = c * square + r_coth_tail[i];
  return (Parts){c * square + 1, r, (mask)shifted - ROUNDER_BITS};
}

// 2^k where that is a normal number.
INLINE vector power_of_two(mask k) { return (vector)((k + EXPONENT_BIAS) << EXPONENT_SHIFT); }

// (e^{2|x|} − 1)/(e^{2|x|} + 1), sign of x restored. Never exceeds 1.
INLINE vector hyperbolic_tangent(vector x) {
  const mask sign = (mask)x & (mask)(-(vector){0}); // the bits of −0
  const vector magnitude = (vector)((mask)x ^ sign);
  const Parts e = parts_of(choose(magnitude > (real)TANH_MAX, splat((real)TANH_MAX), magnitude));
  const vector q = power_of_two(-e.k);
  const vector y = ((1 - q) * e.c + (1 + q) * e.r) / ((e.c + e.r) + q * (e.c - e.r));
  return (vector)((mask)y | sign);
}

// 1/(1 + e^{−x}); beyond ±LOGISTIC_MAX it is that of ±LOGISTIC_MAX.
INLINE vector logistic(vector x) {
  const vector low = choose(x < (real)-LOGISTIC_MAX, splat((real)-LOGISTIC_MAX), x);
  const Parts e = parts_of((real)0.5 * choose(low > (real)LOGISTIC_MAX, splat((real)LOGISTIC_MAX), low));
  return (e.c + e.r) / ((e.c + e.r) + power_of_two(-e.k) * (e.c - e.r));
}

#if REAL_BITS == 64
#define EXP_MAX 709.782712893384 // log of the largest number
#define EXP_MIN -708.0           // below: 0 (no subnormal results)

// e^x. 2^k is taken as two factors, so that 2^1024 is not needed.
INLINE wide exponential(wide x) {
  const mask is_low = x < EXP_MIN, is_high = x > EXP_MAX;
  const Parts e = parts_of(0.5 * choose(is_low | is_high, (wide){0}, x));
  const mask half = e.k >> 1;
  const wide y = (e.c + e.r) / (e.c - e.r) * power_of_two(half) * power_of_two(e.k - half);
  return choose(is_high, splat(__builtin_inf()), choose(is_low, (wide){0}, y));
}

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
