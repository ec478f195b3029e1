// langevin.c — stochastic gradient Langevin dynamics, all steps of a chain in one go.
//
// w ← w − (ε/2)·P∘(nβ·drift + γ(w − center)) + √(ε·P)∘z with P = 1 and drift g (none); P = 1/(√v̂ + floor) from the
// running mean v of g² and drift g (rmsprop) or the running mean of g (adam). Equations: LangevinSettings in
// src/compute/backend.ts. Source: Welling & Teh (2011); Li et al. (2016).
#include "network.h"

enum { PLAIN, RMSPROP, ADAM };

typedef struct {
  const Problem *p;
  real *position, *second_moment, *first_moment;
  // (3, num_steps): ε; 1 − b1^t and 1 − b2^t, or 1.
  const double *schedule;
  double beta1, beta2, floor;
  int preconditioner, is_frozen, batch_size, num_steps;
  uint32_t first_step, batch_purpose, noise_purpose;
} Dynamics;

// Constants of one step of one chain.
typedef struct {
  real half_step, step, root_step, n_beta, gamma;
  real beta1, gain1, inverse1, beta2, gain2, inverse2, floor;
} Step;

static void plain_step(const Problem *p, const Step *s, real *restrict w, const real *restrict g,
                       const double *restrict z) {
  const real *restrict center = p->center;
  for (int i = 0; i < p->dim; i++)
    w[i] += s->root_step * (real)z[i] - s->half_step * (s->n_beta * g[i] + s->gamma * (w[i] - center[i]));
}

// v has its new value.
static void preconditioned_step(const Problem *p, const Step *s, real *restrict w, const real *restrict drift,
                                const real *restrict v, const double *restrict z) {
  const real *restrict center = p->center;
#if REAL_BITS == 32
#define ROOT __builtin_sqrtf
#else
#define ROOT __builtin_sqrt
#endif
  for (int i = 0; i < p->dim; i++) {
    const real scale = 1 / (ROOT(v[i] * s->inverse2) + s->floor);
    const real force = s->n_beta * drift[i] + s->gamma * (w[i] - center[i]);
    w[i] += ROOT(s->step * scale) * (real)z[i] - s->half_step * scale * force;
  }
}

static Step step_of(const Dynamics *d, int chain, int k) {
  const double *schedule = d->schedule;
  const double epsilon = schedule[k];
  return (Step){.half_step = (real)(0.5 * epsilon),
                .step = (real)epsilon,
                .root_step = (real)__builtin_sqrt(epsilon),
                .n_beta = (real)d->p->n_beta[chain],
                .gamma = (real)d->p->gamma[chain],
                .beta1 = (real)d->beta1,
                .gain1 = (real)(1 - d->beta1),
                .inverse1 = (real)(1 / schedule[d->num_steps + k]),
                .beta2 = (real)d->beta2,
                .gain2 = (real)(1 - d->beta2),
                .inverse2 = (real)(1 / schedule[2 * d->num_steps + k]),
                .floor = (real)d->floor};
}

static void langevin_chain(void *context, int chain, int thread) {
  const Dynamics *d = context;
  const Problem *p = d->p;
  Scratch *scratch = &p->scratch[thread];
  const size_t row = (size_t)chain * (size_t)p->stride;
  real *restrict w = d->position + row, *restrict v = d->second_moment + row, *restrict m = d->first_moment + row;
  real *restrict g = scratch->work[0];
  for (int k = 0; k < d->num_steps; k++) {
    const uint32_t number = d->first_step + (uint32_t)k;
    const Step s = step_of(d, chain, k);
    const Minibatch batch = {stream_of(p, chain, d->batch_purpose, number), d->batch_size};
    NAME(chain_loss)(p, thread, w, d->batch_size ? &batch : 0, g);
    const Stream noise = stream_of(p, chain, d->noise_purpose, number);
    random_normals(&noise, scratch->normals, 0, p->dim);
    if (d->preconditioner == PLAIN) {
      plain_step(p, &s, w, g, scratch->normals);
      continue;
    }
    if (!d->is_frozen)
      for (int i = 0; i < p->dim; i++) v[i] = s.beta2 * v[i] + s.gain2 * g[i] * g[i];
    if (d->preconditioner == ADAM)
      for (int i = 0; i < p->dim; i++) {
        m[i] = s.beta1 * m[i] + s.gain1 * g[i];
        g[i] = m[i] * s.inverse1;
      }
    preconditioned_step(p, &s, w, g, v, scratch->normals);
  }
}

EXPORT void NAME(lh_langevin)(const Problem *p, real *position, real *second_moment, real *first_moment,
                              const double *schedule, double beta1, double beta2, double floor, int preconditioner,
                              int is_frozen, int batch_size, int num_steps, uint32_t first_step,
                              uint32_t batch_purpose, uint32_t noise_purpose) {
  Dynamics d = {p, position, second_moment, first_moment, schedule, beta1, beta2, floor, preconditioner,
                is_frozen, batch_size, num_steps, first_step, batch_purpose, noise_purpose};
  const double flops = gradient_flops(p, batch_size ? batch_size : p->num_data) + 60.0 * p->dim;
  run_chains(p, langevin_chain, &d, num_steps * p->num_chains * flops);
}
