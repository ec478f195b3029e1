// vector.h — vectors of VECTOR_BYTES bytes for one precision, by the vector extensions of GCC (9 or later) and Clang.
//
// A file that includes this is compiled once with -DREAL_BITS=32 and once with -DREAL_BITS=64; NAME(f) is f_f32 or
// f_f64. No intrinsics: the same source is AVX-512, AVX2, NEON and WebAssembly SIMD.
#ifndef VECTOR_H
#define VECTOR_H
#include "kernels.h"

#if REAL_BITS == 32
typedef float real;
typedef int real_bits;
typedef unsigned int unsigned_bits;
#define NAME(function) function##_f32
#elif REAL_BITS == 64
typedef double real;
typedef long long real_bits;
typedef unsigned long long unsigned_bits;
#define NAME(function) function##_f64
#else
#error "compile with -DREAL_BITS=32 or -DREAL_BITS=64"
#endif

#define INLINE static inline __attribute__((always_inline))
#define LANES ((int)(VECTOR_BYTES / sizeof(real)))
#define PAIR (2 * LANES)
#define WIDE_LANES ((int)(VECTOR_BYTES / sizeof(double)))

typedef real vector __attribute__((vector_size(VECTOR_BYTES)));
typedef real_bits mask __attribute__((vector_size(VECTOR_BYTES)));
typedef double wide __attribute__((vector_size(VECTOR_BYTES)));
typedef real narrow_part __attribute__((vector_size(VECTOR_BYTES / (sizeof(double) / sizeof(real)))));

// Memory forms: any alignment, may alias scalars.
typedef real vector_memory __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef double wide_memory __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));
typedef real narrow_memory
    __attribute__((vector_size(VECTOR_BYTES / (sizeof(double) / sizeof(real))), aligned(4), may_alias));

INLINE vector load(const real *p) { return *(const vector_memory *)p; }
// The same into a register: GCC would otherwise read the memory anew at each use.
INLINE vector load_once(const real *p) { return *(const volatile vector_memory *)p; }
INLINE void store(real *p, vector v) { *(vector_memory *)p = v; }
INLINE vector splat(real x) { return x - (vector){0}; }

// VECTOR_BYTES / 8 numbers of the precision as float64.
INLINE wide load_wide(const real *p) { return __builtin_convertvector((narrow_part) * (const narrow_memory *)p, wide); }
INLINE void store_narrow(real *p, wide v) { *(narrow_memory *)p = __builtin_convertvector(v, narrow_part); }

// Lane by lane: m ? a : b.
INLINE vector choose(mask m, vector a, vector b) { return (vector)((m & (mask)a) | (~m & (mask)b)); }

// Sum of the lanes of a float64 vector, halves first: the order is fixed.
INLINE double sum_wide(wide v) {
  double t[VECTOR_BYTES / sizeof(double)];
  *(wide_memory *)t = v;
  for (int half = WIDE_LANES / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) t[i] += t[i + half];
  return t[0];
}

INLINE real sum_lanes(vector v) {
  real t[VECTOR_BYTES / sizeof(real)];
  store(t, v);
  for (int half = LANES / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) t[i] += t[i + half];
  return t[0];
}

// Of the 2·LANES numbers x, y in chunks of c: the even chunks plus the odd ones. log2(LANES) rounds turn LANES vectors
// into one that holds the sum of each.
#define EVEN(i, c) (2 * ((i) / (c)) * (c) + (i) % (c))
#define ODD(i, c) (EVEN(i, c) + (c))
#define LIST2(F, c) F(0, c), F(1, c)
#define LIST4(F, c) LIST2(F, c), F(2, c), F(3, c)
#define LIST8(F, c) LIST4(F, c), F(4, c), F(5, c), F(6, c), F(7, c)
#define LIST16(F, c) LIST8(F, c), F(8, c), F(9, c), F(10, c), F(11, c), F(12, c), F(13, c), F(14, c), F(15, c)
#define LANE_COUNT (VECTOR_BYTES * 8 / REAL_BITS) // LANES, for the preprocessor
#if LANE_COUNT == 16
#define LIST LIST16
#elif LANE_COUNT == 8
#define LIST LIST8
#elif LANE_COUNT == 4
#define LIST LIST4
#else
#define LIST LIST2
#endif

// The vector whose lane i is number F(i, c) of x, y.
#ifdef __clang__
#define SHUFFLE(x, y, F, c) __builtin_shufflevector(x, y, LIST(F, c))
#else
#define SHUFFLE(x, y, F, c) __builtin_shuffle(x, y, (mask){LIST(F, c)})
#endif
#define FOLD(x, y, c) (SHUFFLE(x, y, EVEN, c) + SHUFFLE(x, y, ODD, c))

// acc: LANES vectors → one vector whose lane i is the sum of the lanes of acc[i].
INLINE vector sum_each(const vector *acc) {
  vector t[LANES];
  for (int i = 0; i < LANES; i++) t[i] = acc[i];
#if LANE_COUNT == 16
  for (int i = 0; i < 8; i++) t[i] = FOLD(t[2 * i], t[2 * i + 1], 8);
#endif
#if LANE_COUNT >= 8
  for (int i = 0; i < 4; i++) t[i] = FOLD(t[2 * i], t[2 * i + 1], 4);
#endif
#if LANE_COUNT >= 4
  for (int i = 0; i < 2; i++) t[i] = FOLD(t[2 * i], t[2 * i + 1], 2);
#endif
  return FOLD(t[0], t[1], 1);
}
#endif
