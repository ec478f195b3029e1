// active.h — the products of gemm.h where A comes out of a relu: what it made 0 is skipped.
//
// About half of the outputs of a relu are 0, and with them the gradients of its inputs. One row of A at a time: its set
// bits say which rows of B are added to the sums, 4 to 8 vectors of them. Every sum has the terms of gemm.h in the order
// of gemm.h, less those that are 0·b, so for finite B it has the same bits: which of the two runs is a matter of speed.
#ifndef ACTIVE_H
#define ACTIVE_H
#include "gemm.h"

#define PARTS (WORD / REAL_BITS) // lanes of masks that make a word

// bits ← those of the transpose of h (num_rows ≤ WORD, leading): bit s of word k for element (s, k). Returns their number.
static int find_active(const real *h, int leading, int num_rows, int num_columns, uint64_t *bits) {
  int count = 0;
  for (int k = 0; k < num_columns; k += LANES) {
    real_bits found[PARTS][LANE_COUNT];
    for (int part = 0; part < PARTS; part++) {
      const int first = part * REAL_BITS, last = first + REAL_BITS < num_rows ? first + REAL_BITS : num_rows;
      mask bit = (mask){0} + 1, sum = {0};
      for (int s = first; s < last; s++, bit <<= 1) sum |= (load(h + s * leading + k) != 0) & bit;
      __builtin_memcpy(found[part], &sum, sizeof sum);
    }
    for (int i = 0; i < LANES && k + i < num_columns; i++) {
      uint64_t word = 0;
      for (int part = PARTS - 1; part >= 0; part--) word = word << (REAL_BITS % WORD) | (unsigned_bits)found[part][i];
      bits[k + i] = word;
      count += __builtin_popcountll(word);
    }
  }
  return count;
}

// Bit i of word k becomes bit k of word i, block by block: `low` has the bits of a word that stay.
#define EXCHANGE_BITS(size, low)                                                 \
  for (int block = 0; block < WORD; block += 2 * (size))                         \
    for (int i = block; i < block + (size); i++) {                               \
      const uint64_t change = (square[i] >> (size) ^ square[i + (size)]) & (low); \
      square[i] ^= change << (size);                                             \
      square[i + (size)] ^= change;                                              \
    }

// out[i·stride] ← the word whose bit k is bit i of in[k]; WORD words each.
static void transpose_bits(const uint64_t *in, uint64_t *out, int stride) {
  uint64_t square[WORD];
  __builtin_memcpy(square, in, sizeof square);
  EXCHANGE_BITS(32, 0x00000000ffffffff)
  EXCHANGE_BITS(16, 0x0000ffff0000ffff)
  EXCHANGE_BITS(8, 0x00ff00ff00ff00ff)
  EXCHANGE_BITS(4, 0x0f0f0f0f0f0f0f0f)
  EXCHANGE_BITS(2, 0x3333333333333333)
  EXCHANGE_BITS(1, 0x5555555555555555)
  for (int i = 0; i < WORD; i++) out[i * stride] = square[i];
}

// One word of the depth: the rows of B that it may meet stay in the first cache.
INLINE void active_block(const Gemm *g, int word, int v, const int num_vectors, const Form form) {
  // Known at compile time: B lies as rows of an array, or packed.
  const ptrdiff_t pair_step = form.steps == UNIT_ROW_STEP ? PAIR : g->pair_step;
  const ptrdiff_t ldb = form.steps == UNIT_ROW_STEP ? g->ldb : PAIR;
  const ptrdiff_t depth_step = form.steps == UNIT_DEPTH_STEP ? 1 : g->depth_step;
  const int first = word * WORD, rest = g->depth - first;
  const uint64_t inside = rest < WORD ? ((uint64_t)1 << rest) - 1 : ~(uint64_t)0;
  const int is_begun = form.mode == ADD || word > 0, is_last = rest <= WORD;
  const real *pairs[MOST_ACTIVE_VECTORS / 2]; // of B
  for (int n = 0; n < num_vectors / 2; n++) pairs[n] = g->b + (v / 2 + n) * pair_step + first * ldb; // v is even
  for (int i = 0; i < g->rows; i++) {
    const real *a = g->a + i * g->row_step + first * depth_step;
    real *out = g->c + i * g->ldc + v * LANES;
    vector c[MOST_ACTIVE_VECTORS];
    for (int n = 0; n < num_vectors; n++) c[n] = is_begun ? load(out + n * LANES) : (vector){0};
    for (uint64_t set = g->active.words[i * g->active.words_per_row + word] & inside; set; set &= set - 1) {
      const int k = __builtin_ctzll(set);
      const real s = a[k * depth_step];
      for (int n = 0; n < num_vectors; n++) c[n] += s * load(pairs[n / 2] + k * ldb + n % 2 * LANES);
    }
    const real *gate = form.mode == STORE_GATED ? g->gate + i * g->ldc + v * LANES : out;
    for (int n = 0; n < num_vectors; n++)
      store(out + n * LANES, is_last ? finished(c[n], gate + n * LANES, form.mode) : c[n]);
  }
}

// Vectors of a block, of 4, 6 and the most, where `rest` are left: few should be left in the end that are too few.
INLINE int active_vectors(int rest) {
  if (rest >= MOST_ACTIVE_VECTORS + ACTIVE_VECTORS) return MOST_ACTIVE_VECTORS;
  if (rest % 4 >= 2) return 6;
  return rest >= 8 && MOST_ACTIVE_VECTORS == 8 ? 8 : 4;
}

// C = A·B. A block of few vectors gains nothing and is left to gemm.h.
INLINE void gemm_active(const Gemm *g, const Form form) {
  int v = 0;
  for (int rest = g->vectors; rest >= ACTIVE_VECTORS; rest = g->vectors - v) {
    const int take = active_vectors(rest);
    for (int word = 0; word * WORD < g->depth; word++) {
      if (take == MOST_ACTIVE_VECTORS) active_block(g, word, v, MOST_ACTIVE_VECTORS, form);
      else if (take == 6) active_block(g, word, v, 6, form);
      else active_block(g, word, v, 4, form);
    }
    v += take;
  }
  gemm_from(g, v, form);
}
#endif
