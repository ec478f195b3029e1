// pack.c — parameters and gradients of a wide network between the order of w and the padded order of the kernels.
//
// Packed: W with its bias as the last row and Wᵀ without it, both in pairs of vectors whose rows follow each other
// (pairs, rows, PAIR); a thin output transposed with its bias as the last column (fan_out, input_vectors); scales and
// shifts (2, vectors). Padding is 0 from the start and never written.
// A partial gradient: dW (rows, vectors), thin output (fan_out, input_vectors), scales and shifts (2, vectors).
#include "network.h"

static void copy_row(const real *from, real *to, int count) { __builtin_memcpy(to, from, (size_t)count * sizeof(real)); }

// out (fan_out, leading) ← Wᵀ of w (rows, fan_out).
static void transpose(const real *w, int rows, int fan_out, real *out, int leading) {
  for (int i = 0; i < rows; i++)
    for (int o = 0; o < fan_out; o++) out[o * leading + i] = w[i * fan_out + o];
}

// Pairs of columns of w (rows, fan_out).
static void pack_columns(const real *w, int rows, int fan_out, real *out) {
  for (int j = 0; j < fan_out; j += PAIR, out += rows * PAIR)
    for (int i = 0; i < rows; i++) {
      const real *from = w + i * fan_out + j;
      if (j + PAIR <= fan_out) {
        store(out + i * PAIR, load(from));
        store(out + i * PAIR + LANES, load(from + LANES));
      } else {
        for (int c = 0; c < fan_out - j; c++) out[i * PAIR + c] = from[c];
      }
    }
}

// Element k of the rows a, b after chunks of c have changed places across the diagonal: from a (k < LANES) or b.
#define UPPER(k, c) ((k) / (c) % 2 == 0 ? (k) : LANE_COUNT + (k) - (c))
#define LOWER(k, c) ((k) / (c) % 2 == 0 ? (k) + (c) : LANE_COUNT + (k))
#define EXCHANGE(c)                                            \
  for (int i = 0; i < LANES; i++)                              \
    if ((i & (c)) == 0) {                                      \
      const vector upper = SHUFFLE(t[i], t[i + (c)], UPPER, c); \
      t[i + (c)] = SHUFFLE(t[i], t[i + (c)], LOWER, c);        \
      t[i] = upper;                                            \
    }

// LANES × LANES numbers transposed in registers.
INLINE void transpose_square(vector *t) {
#if LANE_COUNT >= 16
  EXCHANGE(8)
#endif
#if LANE_COUNT >= 8
  EXCHANGE(4)
#endif
#if LANE_COUNT >= 4
  EXCHANGE(2)
#endif
  EXCHANGE(1)
}

// Pairs of columns of Wᵀ, that is of rows of w (rows, fan_out), square by square.
static void pack_rows(const real *w, int rows, int fan_out, real *out) {
  for (int i = 0; i < rows; i += LANES) {
    real *to = out + i / PAIR * fan_out * PAIR + i % PAIR;
    const int count = rows - i < LANES ? rows - i : LANES;
    int o = 0;
    for (; o + LANES <= fan_out; o += LANES) {
      vector square[LANES] = {{0}};
      for (int r = 0; r < count; r++) square[r] = load(w + (i + r) * fan_out + o);
      transpose_square(square);
      for (int c = 0; c < LANES; c++) store(to + (o + c) * PAIR, square[c]);
    }
    for (; o < fan_out; o++)
      for (int r = 0; r < count; r++) to[o * PAIR + r] = w[(i + r) * fan_out + o];
  }
}

void NAME(pack_weights)(const Problem *p, const real *w, real *packed) {
  for (int k = 0; k < p->num_layers; k++) {
    const Layer *l = &p->layers[k];
    // Biases follow the weights in w, so the augmented matrix (rows, fan_out) is contiguous there.
    const real *weights = w + l->weights;
    if (!l->is_hidden && p->is_thin) {
      transpose(weights, l->rows, l->fan_out, packed + l->packed, l->input_vectors * LANES);
      continue;
    }
    pack_columns(weights, l->rows, l->fan_out, packed + l->packed);
    if (l->transposed >= 0) pack_rows(weights, l->fan_in, l->fan_out, packed + l->transposed);
    if (l->scales >= 0) {
      const int width = l->vectors * LANES;
      copy_row(w + l->scales, packed + l->packed_norm, l->fan_out);
      copy_row(w + l->shifts, packed + l->packed_norm + width, l->fan_out);
    }
  }
}

void NAME(unpack_gradient)(const Problem *p, const real *partial, real *gradient) {
  for (int k = 0; k < p->num_layers; k++) {
    const Layer *l = &p->layers[k];
    real *weights = gradient + l->weights;
    const real *from = partial + l->gradient;
    if (!l->is_hidden && p->is_thin) {
      for (int o = 0; o < l->fan_out; o++)
        for (int i = 0; i < l->rows; i++) weights[i * l->fan_out + o] = from[o * l->input_vectors * LANES + i];
      continue;
    }
    const int width = l->vectors * LANES;
    for (int i = 0; i < l->rows; i++) copy_row(from + i * width, weights + i * l->fan_out, l->fan_out);
    if (l->scales >= 0) {
      copy_row(partial + l->gradient_norm, gradient + l->scales, l->fan_out);
      copy_row(partial + l->gradient_norm + width, gradient + l->shifts, l->fan_out);
    }
  }
}
