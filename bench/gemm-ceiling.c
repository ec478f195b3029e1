// gemm-ceiling.c — the fastest matrix product that this compiler makes of the kernels' inner loop, on one core.
//
// C = A·B for 64 × 64 matrices that stay in the first cache: ROWS × 2 vectors of accumulators, scalars of A broadcast.
// A loss and gradient cannot run faster than this, so bench/compute.ts gives its rates as shares of it.
// usage: cc -O3 -march=native -funroll-loops -DVECTOR_BYTES=64 -DROWS=8 gemm-ceiling.c -o gemm-ceiling && ./gemm-ceiling
// VECTOR_BYTES: 64 (AVX-512), 32 (AVX2), 16 (SSE, NEON, WebAssembly; with ROWS=4). Prints JSON: float32 and float64 rates
// in GFLOP/s, each the best of many runs of about 1 ms, so that other programs on the machine disturb little.
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SIZE 64
#define COLUMNS 2 // vectors of accumulators
#define PRODUCTS 200
#define RUNS 400

typedef float float_vector __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef double double_vector __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));

#define DEFINE_PRODUCT(name, real, vector)                                                             \
  static void name(const real *restrict a, const real *restrict b, real *restrict c) {                 \
    const int lanes = VECTOR_BYTES / (int)sizeof(real);                                                \
    for (int j = 0; j < SIZE; j += COLUMNS * lanes)                                                    \
      for (int i = 0; i < SIZE; i += ROWS) {                                                           \
        vector sum[ROWS][COLUMNS];                                                                     \
        for (int r = 0; r < ROWS; r++)                                                                 \
          for (int v = 0; v < COLUMNS; v++) sum[r][v] = (vector){0};                                   \
        for (int k = 0; k < SIZE; k++) {                                                               \
          vector x[COLUMNS];                                                                           \
          for (int v = 0; v < COLUMNS; v++) x[v] = *(const vector *)(b + k * SIZE + j + v * lanes);    \
          for (int r = 0; r < ROWS; r++)                                                               \
            for (int v = 0; v < COLUMNS; v++) sum[r][v] += a[(i + r) * SIZE + k] * x[v];               \
        }                                                                                              \
        for (int r = 0; r < ROWS; r++)                                                                 \
          for (int v = 0; v < COLUMNS; v++) *(vector *)(c + (i + r) * SIZE + j + v * lanes) = sum[r][v]; \
      }                                                                                                \
  }

DEFINE_PRODUCT(product_f32, float, float_vector)
DEFINE_PRODUCT(product_f64, double, double_vector)

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define MEASURE(rate, product, real)                                     \
  for (int run = 0; run < RUNS; run++) {                                 \
    const double begin = seconds();                                      \
    for (int i = 0; i < PRODUCTS; i++) product((real *)a, (real *)b, (real *)c); \
    const double flops = 2.0 * SIZE * SIZE * SIZE * PRODUCTS;            \
    const double now = flops / (seconds() - begin) / 1e9;                \
    if (now > rate) rate = now;                                          \
  }

int main(void) {
  const size_t bytes = SIZE * SIZE * sizeof(double);
  double *a = aligned_alloc(64, bytes), *b = aligned_alloc(64, bytes), *c = aligned_alloc(64, bytes);
  for (int i = 0; i < SIZE * SIZE; i++) a[i] = b[i] = 0;
  double rate32 = 0, rate64 = 0;
  MEASURE(rate32, product_f32, float)
  MEASURE(rate64, product_f64, double)
  printf("{\"vector_bytes\":%d,\"float32\":%.1f,\"float64\":%.1f}\n", VECTOR_BYTES, rate32, rate64);
  return (int)c[5];
}
