// gemm.h — C = A·B with scalars of A broadcast against vectors of B: the one inner loop of all networks.
//
// A (rows, depth)    element (i, k) at A[i·row_step + k·depth_step]; either step may be 1
// B (depth, vectors) in pairs of vectors: pair n of row k at B + n·pair_step + k·ldb. Rows as they lie in an array have
//                    pair_step = PAIR; packed weights have ldb = PAIR, so that a pair's rows are contiguous
// C (rows, vectors)  row i at C + i·ldc; written, or added to (ADD)
// MICRO_ROWS × 2 accumulators stay in registers over the whole depth; edges use smaller blocks, nothing is padded here.
// Order of sums: over the depth, first to last, so results depend on the shape alone.
#ifndef GEMM_H
#define GEMM_H
#include "vector.h"

#if VECTOR_BYTES == 64
#define MICRO_ROWS 8
#else
#define MICRO_ROWS 4 // 16 registers: 8 accumulators, 2 vectors of B, 1 scalar of A
#endif

#ifdef __wasm__
#define UNROLL _Pragma("nounroll") // unrolled, Clang computes every address anew: 40 % slower
#elif defined(__clang__)
#define UNROLL _Pragma("unroll 4")
#else
#define UNROLL _Pragma("GCC unroll 4")
#endif

// What is stored: c; max(c, 0), NaN kept; c where `gate` > 0 and 0 elsewhere (the derivative of relu); C + c.
enum { STORE, STORE_RELU, STORE_GATED, ADD };

// Which step of A is 1: known at compile time, addresses are constants beside one pointer.
enum { ANY_STEPS, UNIT_ROW_STEP, UNIT_DEPTH_STEP };

// Bits of a matrix, row by row: element (i, k) is 0 unless bit k % WORD of words[i·words_per_row + k / WORD] is set.
typedef struct {
  const uint64_t *words; // null: nothing is known
  int words_per_row;
} Bits;

// Compile-time constants of a product. any_rows: false where the number of rows is a multiple of MICRO_ROWS.
typedef struct {
  int mode, steps, any_rows;
} Form;

typedef struct {
  const real *a;
  ptrdiff_t row_step, depth_step;
  const real *b;
  ptrdiff_t ldb, pair_step;
  real *c;
  ptrdiff_t ldc;
  int rows, vectors, depth;
  const real *gate; // same layout as c
  Bits active;      // of A
} Gemm;

// What is stored of a complete sum; gate: read in mode STORE_GATED.
INLINE vector finished(vector sum, const real *gate, const int mode) {
  if (mode == STORE_RELU) return (vector)(~(sum < 0) & (mask)sum);
  if (mode == STORE_GATED) return (vector)((load(gate) > 0) & (mask)sum);
  return sum;
}

INLINE void gemm_block(const Gemm *g, int i, int v, const int num_rows, const int num_vectors, const Form form) {
  const int mode = form.mode;
  const ptrdiff_t row_step = form.steps == UNIT_ROW_STEP ? 1 : g->row_step;
  const ptrdiff_t depth_step = form.steps == UNIT_DEPTH_STEP ? 1 : g->depth_step;
  vector c[MICRO_ROWS][2];
  real *out = g->c + i * g->ldc + v * LANES;
  for (int r = 0; r < num_rows; r++)
    for (int n = 0; n < num_vectors; n++)
      c[r][n] = mode == ADD ? load(out + r * g->ldc + n * LANES) : (vector){0};
  // Two pointers, so that row addresses need few registers: steps of 1, 2 and 3 rows from either.
  const real *a = g->a + i * row_step, *lower = a + 4 * row_step;
  const real *b = g->b + v / 2 * g->pair_step; // v is even
  const ptrdiff_t ldb = g->ldb;
  const int depth = g->depth;
  UNROLL
  for (int k = 0; k < depth; k++) {
    vector x[2];
    for (int n = 0; n < num_vectors; n++) x[n] = load(b + n * LANES);
    for (int r = 0; r < num_rows; r++) {
      const real s = r < 4 ? a[r * row_step] : lower[(r - 4) * row_step];
      for (int n = 0; n < num_vectors; n++) c[r][n] += s * x[n];
    }
    a += depth_step;
    lower += depth_step;
    b += ldb;
  }
  const real *gate = mode == STORE_GATED ? g->gate + i * g->ldc + v * LANES : out;
  for (int r = 0; r < num_rows; r++)
    for (int n = 0; n < num_vectors; n++)
      store(out + r * g->ldc + n * LANES, finished(c[r][n], gate + r * g->ldc + n * LANES, mode));
}

INLINE void gemm_rows(const Gemm *g, int v, const int num_vectors, const Form form) {
  int i = 0;
  for (; i + MICRO_ROWS <= g->rows; i += MICRO_ROWS) gemm_block(g, i, v, MICRO_ROWS, num_vectors, form);
  if (!form.any_rows) return;
  switch (g->rows - i) {
#if MICRO_ROWS == 8
    case 7: gemm_block(g, i, v, 7, num_vectors, form); break;
    case 6: gemm_block(g, i, v, 6, num_vectors, form); break;
    case 5: gemm_block(g, i, v, 5, num_vectors, form); break;
    case 4: gemm_block(g, i, v, 4, num_vectors, form); break;
#endif
    case 3: gemm_block(g, i, v, 3, num_vectors, form); break;
    case 2: gemm_block(g, i, v, 2, num_vectors, form); break;
    case 1: gemm_block(g, i, v, 1, num_vectors, form); break;
    default: break;
  }
}

// Columns of C from vector `v` on; v is even.
INLINE void gemm_from(const Gemm *g, int v, const Form form) {
  for (; v + 2 <= g->vectors; v += 2) gemm_rows(g, v, 2, form);
  if (v < g->vectors) gemm_rows(g, v, 1, form);
}

INLINE void gemm(const Gemm *g, const Form form) { gemm_from(g, 0, form); }
#endif
