// losses.c — losses of a tile of network outputs and their gradients, in float64 for both precisions.
//
// Arrays (out_dim, tile_samples); vectors run over samples. The sum is taken vector by vector over samples, then outputs,
// then lanes: one fixed order. A NaN or ∞ output gives a NaN or ∞ loss. Formulas: LossSpec in src/compute/model.ts.
#include "elementary.h"

// log(1 + q) for q ≥ 0: the rounding error of 1 + q is put back to first order.
INLINE wide log1p_nonnegative(wide q) {
  const wide u = 1.0 + q;
  const wide error = choose(q < 1.0, q - (u - 1.0), 1.0 - (u - q)) / u;
  return natural_log(u) + choose(q < 0x1p60, error, (wide){0});
}

typedef struct {
  wide loss, delta;
} LossAndDelta;

INLINE LossAndDelta mse(wide f, wide y) {
  const wide r = f - y;
  return (LossAndDelta){r * r, 2.0 * r};
}

INLINE LossAndDelta t_regression(wide f, wide y, double df, double scale) {
  const wide r = f - y;
  const double spread = df * scale * scale;
  return (LossAndDelta){0.5 * (df + 1.0) * log1p_nonnegative(r * r / spread), (df + 1.0) * r / (spread + r * r)};
}

// log(1 + e^f) = max(f, 0) + log(1 + e^{−|f|}).
INLINE LossAndDelta bce(wide f, wide y) {
  const mask is_negative = f < 0.0;
  const wide tail = exponential(choose(is_negative, f, -f));
  const wide softplus = choose(is_negative, (wide){0}, f) + log1p_nonnegative(tail);
  const wide sigmoid = choose(is_negative, tail, 1.0 + (wide){0}) / (1.0 + tail);
  return (LossAndDelta){softplus - y * f, sigmoid - y};
}

#if VECTOR_BYTES == 64
static const mask lane_numbers = {0, 1, 2, 3, 4, 5, 6, 7};
#elif VECTOR_BYTES == 32
static const mask lane_numbers = {0, 1, 2, 3};
#else
static const mask lane_numbers = {0, 1};
#endif

INLINE wide keep(mask is_sample, wide x) { return (wide)(is_sample & (mask)x); }

static double independent_outputs(const Problem *p, const Scratch *scratch, const LossTile *tile) {
  const int size = p->tile_samples;
  wide sum = {0};
  for (int o = 0; o < p->out_dim; o++)
    for (int s = 0; s < tile->padded; s += WIDE_LANES) {
      const int i = o * size + s;
      const mask is_sample = lane_numbers + s < (mask){0} + tile->count;
      const wide f = load(scratch->outputs + i), y = load(tile->labels + i);
      LossAndDelta result;
      if (p->loss == MSE) result = mse(f, y);
      else if (p->loss == BCE) result = bce(f, y);
      else result = t_regression(f, y, p->df, p->scale);
      sum += keep(is_sample, result.loss);
      if (tile->factor != 0) store(scratch->output_deltas + i, keep(is_sample, result.delta * tile->factor));
    }
  return sum_wide(sum);
}

static double cross_entropy(const Problem *p, const Scratch *scratch, const LossTile *tile) {
  const int size = p->tile_samples, num_outputs = p->out_dim;
  wide sum = {0};
  for (int s = 0; s < tile->padded; s += WIDE_LANES) {
    const double *f = scratch->outputs + s, *y = tile->labels + s;
    double *delta = scratch->output_deltas + s;
    const mask is_sample = lane_numbers + s < (mask){0} + tile->count;
    wide largest = load(f);
    for (int o = 1; o < num_outputs; o++) {
      const wide x = load(f + o * size);
      largest = choose(x < largest, largest, x);
    }
    wide total = {0}, agreement = {0};
    for (int o = 0; o < num_outputs; o++) {
      const wide x = load(f + o * size);
      const wide share = exponential(x - largest);
      store(delta + o * size, share);
      total += share;
      agreement += load(y + o * size) * (x - largest); // labels sum to 1, so `largest` cancels exactly
    }
    sum += keep(is_sample, natural_log(total) - agreement);
    for (int o = 0; o < num_outputs; o++) {
      const wide gradient = load(delta + o * size) / total - load(y + o * size);
      store(delta + o * size, keep(is_sample, gradient * tile->factor));
    }
  }
  return sum_wide(sum);
}

double tile_loss(const Problem *p, const Scratch *scratch, const LossTile *tile) {
  return p->loss == CROSS_ENTROPY ? cross_entropy(p, scratch, tile) : independent_outputs(p, scratch, tile);
}
