// vectors.c — operations on arrays of chains, and the losses and gradients of all chains.
//
// Arrays (numChains, stride); operations on one chain touch its row alone. Sums are float64 in both precisions, in one
// fixed order: lanes of WIDE_LANES × 2 partial sums, then the rest one by one.

#include "network.h"

int NAME(all_finite)(const real *x, int count) {
  // x − x is 0 for finite x and NaN otherwise; NaN survives every sum.
  vector sum = {0};
  int i = 0;
  for (; i + LANES <= count; i += LANES) sum += load(x + i) - load(x + i);
  if (i < count) sum += (vector)(first_lanes(count - i) & (mask)(load(x + i) - load(x + i)));
  return sum_lanes(sum) == 0;
}

double NAME(dot)(const real *x, const real *y, const real *weights, int count) {
  wide even = {0}, odd = {0};
  int i = 0;
  for (; i + 2 * WIDE_LANES <= count; i += 2 * WIDE_LANES) {
    wide a = load_wide(x + i) * load_wide(y + i);
    wide b = load_wide(x + i + WIDE_LANES) * load_wide(y + i + WIDE_LANES);
    if (weights) {
      a *= load_wide(weights + i);
      b *= load_wide(weights + i + WIDE_LANES);
    }
    even += a;
    odd += b;
  }
  double sum = sum_wide(even + odd);
  for (; i < count; i++) sum += (double)x[i] * (double)y[i] * (weights ? (double)weights[i] : 1);
  return sum;
}

void NAME(chain_normals)(const Problem *p, Scratch *scratch, const Stream *stream, int first, real *out) {
  random_normals(stream, scratch->normals, first, p->dim);
  for (int i = 0; i < p->dim; i++) out[i] = (real)scratch->normals[i];
}

// Arguments of an operation on all chains.
typedef struct {
  const Problem *p;
  const real *x, *y, *row;
  real *target;
  const double *alpha;
  double *out, *potential;
  const uint8_t *selected;
  uint32_t purpose, step;
  int batch_size;
} Operation;

INLINE size_t row_of(const Operation *o, int chain) { return (size_t)chain * (size_t)o->p->stride; }

static void axpy_chain(void *context, int chain, int thread) {
  (void)thread;
  const Operation *o = context;
  const real *restrict x = o->x + row_of(o, chain);
  real *restrict y = o->target + row_of(o, chain);
  // In float64 even for float32 arrays: one rounding, whether or not the CPU has a fused multiply-add.
  const double alpha = o->alpha[chain];
  for (int i = 0; i < o->p->dim; i++) y[i] = (real)((double)y[i] + alpha * (double)x[i]);
}

static void scale_chain(void *context, int chain, int thread) {
  (void)thread;
  const Operation *o = context;
  const real *restrict row = o->row;
  real *restrict x = o->target + row_of(o, chain);
  for (int i = 0; i < o->p->dim; i++) x[i] *= row[i];
}

static void dot_chain(void *context, int chain, int thread) {
  (void)thread;
  const Operation *o = context;
  o->out[chain] = NAME(dot)(o->x + row_of(o, chain), o->y + row_of(o, chain), o->row, o->p->dim);
}

static void distance_chain(void *context, int chain, int thread) {
  (void)thread;
  const Operation *o = context;
  o->out[chain] = NAME(squared_distance)(o->p, o->x + row_of(o, chain));
}

static void select_chain(void *context, int chain, int thread) {
  (void)thread;
  const Operation *o = context;
  if (!o->selected || o->selected[chain])
    __builtin_memcpy(o->target + row_of(o, chain), o->x + row_of(o, chain), (size_t)o->p->stride * sizeof(real));
}

static void normal_chain(void *context, int chain, int thread) {
  const Operation *o = context;
  const Stream stream = stream_of(o->p, chain, o->purpose, o->step);
  NAME(chain_normals)(o->p, &o->p->scratch[thread], &stream, 0, o->target + row_of(o, chain));
}

static void loss_chain(void *context, int chain, int thread) {
  const Operation *o = context;
  const Problem *p = o->p;
  const real *w = o->x + row_of(o, chain);
  real *gradient = o->target ? o->target + row_of(o, chain) : 0;
  const Minibatch batch = {stream_of(p, chain, o->purpose, o->step), o->batch_size};
  o->out[chain] = NAME(chain_loss)(p, thread, w, o->batch_size ? &batch : 0, gradient);
  if (!o->potential) return;
  o->potential[chain] = NAME(chain_potential)(p, chain, w, o->out[chain]);
  const real *center = p->center;
  const real n_beta = (real)p->n_beta[chain], gamma = (real)p->gamma[chain];
  for (int i = 0; i < p->dim; i++) gradient[i] = n_beta * gradient[i] + gamma * (w[i] - center[i]);
}

static double array_flops(const Problem *p) { return 2.0 * p->dim * p->num_chains; }

EXPORT void NAME(lh_copy)(const Problem *p, const real *x, real *target) {
  __builtin_memcpy(target, x, (size_t)p->num_chains * (size_t)p->stride * sizeof(real));
}

EXPORT void NAME(lh_select)(const Problem *p, const uint8_t *selected, const real *x, real *target) {
  Operation o = {.p = p, .x = x, .target = target, .selected = selected};
  run_chains(p, select_chain, &o, array_flops(p));
}

EXPORT void NAME(lh_axpy)(const Problem *p, const double *alpha, const real *x, real *y) {
  Operation o = {.p = p, .x = x, .target = y, .alpha = alpha};
  run_chains(p, axpy_chain, &o, array_flops(p));
}

EXPORT void NAME(lh_scale)(const Problem *p, const real *row, real *x) {
  Operation o = {.p = p, .row = row, .target = x};
  run_chains(p, scale_chain, &o, array_flops(p));
}

// row: null for the plain dot product.
EXPORT void NAME(lh_dot)(const Problem *p, const real *row, const real *x, const real *y, double *out) {
  Operation o = {.p = p, .row = row, .x = x, .y = y, .out = out};
  run_chains(p, dot_chain, &o, array_flops(p));
}

EXPORT void NAME(lh_squared_distance)(const Problem *p, const real *x, double *out) {
  Operation o = {.p = p, .x = x, .out = out};
  run_chains(p, distance_chain, &o, array_flops(p));
}

EXPORT void NAME(lh_normal)(const Problem *p, uint32_t purpose, uint32_t step, real *out) {
  Operation o = {.p = p, .purpose = purpose, .step = step, .target = out};
  run_chains(p, normal_chain, &o, 20 * array_flops(p));
}

// gradient: null for the loss alone. batch_size 0: all data; purpose and step address the rows of a minibatch.
EXPORT void NAME(lh_loss)(const Problem *p, const real *position, double *loss, real *gradient, int batch_size,
                          uint32_t purpose, uint32_t step) {
  Operation o = {.p = p, .x = position, .out = loss, .target = gradient, .batch_size = batch_size,
                 .purpose = purpose, .step = step};
  run_chains(p, loss_chain, &o, p->num_chains * gradient_flops(p, batch_size ? batch_size : p->num_data));
}

EXPORT void NAME(lh_potential)(const Problem *p, const real *position, double *loss, double *potential,
                               real *gradient) {
  Operation o = {.p = p, .x = position, .out = loss, .potential = potential, .target = gradient};
  run_chains(p, loss_chain, &o, p->num_chains * gradient_flops(p, p->num_data));
}
