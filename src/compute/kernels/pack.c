// pack.c — parameters and gradients of a wide network between the order of w and the padded order of the kernels.
//
// Packed: W with its bias as the last row (rows, vectors), Wᵀ without it (fan_out, vectors of fan_in), a thin output
// transposed with its bias as the last column (fan_out, input_vectors), scales and shifts (2, vectors). Padding is 0 from
// the start and never written. A partial gradient holds W's shapes only.

#include "network.h"

static void copy_row(const real *from, real *to, int count) { __builtin_memcpy(to, from, (size_t)count * sizeof(real)); }

// out (columns, leading) ← w (rows, columns) transposed, in squares of 8 that stay in the first cache.
static void transpose(const real *w, int rows, int columns, real *out, int leading) {
  for (int i = 0; i < rows; i += 8)
    for (int j = 0; j < columns; j += 8) {
      const int last_row = i + 8 < rows ? i + 8 : rows, last_column = j + 8 < columns ? j + 8 : columns;
      for (int c = j; c < last_column; c++)
        for (int r = i; r < last_row; r++) out[c * leading + r] = w[r * columns + c];
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
    const int width = l->vectors * LANES;
    for (int i = 0; i < l->rows; i++) copy_row(weights + i * l->fan_out, packed + l->packed + i * width, l->fan_out);
    if (l->transposed >= 0)
      transpose(weights, l->fan_in, l->fan_out, packed + l->transposed, round_up(l->fan_in, LANES));
    if (l->scales >= 0) {
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
