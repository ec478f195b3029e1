// evaluate.c — mean loss and gradient of one chain, over all data or a minibatch.
//
// The samples are split into blocks whose number depends on the problem alone (blocks_of). Each block sums its tiles in
// order into its own partial gradient and float64 loss; blocks are added in order. Threads without a chain of their own
// help with blocks, so any number of threads gives the same bits.

#include "network.h"

typedef struct {
  const Problem *p;
  const real *weights; // packed copy (wide) or w (narrow)
  const Minibatch *minibatch;
  real *partials; // null: loss alone
  int count, num_blocks;
  double losses[MAX_BLOCKS];
} Evaluation;

static void evaluate_block(void *context, int block, int thread) {
  Evaluation *e = context;
  const Problem *p = e->p;
  const int size = p->tile_samples, num_tiles = (e->count + size - 1) / size;
  const int first = (int)((int64_t)num_tiles * block / e->num_blocks);
  const int last = (int)((int64_t)num_tiles * (block + 1) / e->num_blocks);
  real *partial = e->partials ? e->partials + (size_t)block * (size_t)p->gradient_size : 0;
  if (partial) __builtin_memset(partial, 0, (size_t)p->gradient_size * sizeof(real));
  double loss = 0;
  for (int t = first; t < last; t++) {
    const int start = t * size;
    const Tile tile = {e->minibatch, e->count, start, e->count - start < size ? e->count - start : size};
    Scratch *scratch = &p->scratch[thread];
    loss += p->is_narrow ? NAME(narrow_tile)(p, scratch, e->weights, &tile, partial)
                         : NAME(wide_tile)(p, scratch, e->weights, &tile, partial);
  }
  e->losses[block] = loss;
}

static double closed_chain(const Problem *p, Scratch *scratch, const real *w, real *gradient) {
  double *position = scratch->closed, *slope = position + p->full_dim;
  for (int i = 0; i < p->full_dim; i++) position[i] = w[i];
  const double loss = closed_form(p, position, gradient ? slope : 0, slope + p->full_dim);
  for (int i = 0; i < p->full_dim && gradient; i++) gradient[i] = (real)slope[i];
  return loss;
}

static double network_chain(const Problem *p, int thread, const real *w, const Minibatch *minibatch, real *gradient) {
  Scratch *scratch = &p->scratch[thread];
  const int count = minibatch ? minibatch->count : p->num_data;
  Evaluation e = {p, w, minibatch, 0, count, blocks_of(p, count), {0}};
  if (gradient) e.partials = scratch->partials;
  if (!p->is_narrow) {
    NAME(pack_weights)(p, w, scratch->packed);
    e.weights = scratch->packed;
  }
  pool_share(p->pool, thread, evaluate_block, &e, e.num_blocks);
  double loss = 0;
  for (int b = 0; b < e.num_blocks; b++) loss += e.losses[b];
  if (gradient) {
    real *restrict sum = e.partials;
    for (int b = 1; b < e.num_blocks; b++) {
      const real *restrict part = e.partials + (size_t)b * (size_t)p->gradient_size;
      for (int i = 0; i < p->gradient_size; i++) sum[i] += part[i];
    }
    if (p->is_narrow) __builtin_memcpy(gradient, sum, (size_t)p->full_dim * sizeof(real));
    else NAME(unpack_gradient)(p, sum, gradient);
  }
  return loss / ((double)count * (p->loss == CROSS_ENTROPY ? 1 : p->out_dim));
}

// w: all parameters of the model.
static double full_loss(const Problem *p, int thread, const real *w, const Minibatch *minibatch, real *gradient) {
  if (p->kind != NETWORK) return closed_chain(p, &p->scratch[thread], w, gradient);
  return network_chain(p, thread, w, minibatch, gradient);
}

double NAME(chain_loss)(const Problem *p, int thread, const real *w, const Minibatch *minibatch, real *gradient) {
  // Saturating activations would hide an infinite weight: relu(−∞) = 0, tanh(∞) = 1.
  if (!NAME(all_finite)(w, p->dim)) {
    for (int i = 0; i < p->dim && gradient; i++) gradient[i] = (real)__builtin_nan("");
    return __builtin_nan("");
  }
  if (!p->is_restricted) return full_loss(p, thread, w, minibatch, gradient);
  // The other entries hold the fixed values since the problem was opened.
  real *restrict full = p->scratch[thread].full, *restrict slope = full + p->full_dim;
  for (int i = 0; i < p->dim; i++) full[p->free[i]] = w[i];
  const double loss = full_loss(p, thread, full, minibatch, gradient ? slope : 0);
  for (int i = 0; i < p->dim && gradient; i++) gradient[i] = slope[p->free[i]];
  return loss;
}

double NAME(squared_distance)(const Problem *p, const real *w) {
  const real *center = p->center;
  wide sum = {0};
  int i = 0;
  for (; i + WIDE_LANES <= p->dim; i += WIDE_LANES) {
    const wide offset = load_wide(w + i) - load_wide(center + i);
    sum += offset * offset;
  }
  double total = sum_wide(sum);
  for (; i < p->dim; i++) total += ((double)w[i] - (double)center[i]) * ((double)w[i] - (double)center[i]);
  return total;
}

double NAME(chain_potential)(const Problem *p, int chain, const real *w, double loss) {
  return p->n_beta[chain] * loss + 0.5 * p->gamma[chain] * NAME(squared_distance)(p, w);
}
