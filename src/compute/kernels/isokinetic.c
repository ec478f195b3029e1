// isokinetic.c — microcanonical (isokinetic) Langevin dynamics, all steps of a chain in one go.
//
// One step: O – B A B (A B) – O. B turns the unit vector u towards −√V∘∇U and adds ΔK; A moves x by c·ε·√V∘u; O mixes
// normals into u. A step that ends with a non-finite number is undone and u becomes a fresh direction; its ΔE is 0.
// Equations and source: src/compute/reference/isokinetic.ts. Norms, ΔK and ΔE are float64 in both precisions.

#include "network.h"

#define LOG_2 0.6931471805599453
#define SMALLEST_FORCE 1e-13

typedef struct {
  const Problem *p;
  real *position, *direction, *gradient;
  const real *scale;
  double *loss, *potential;
  const double *path; // c of B, A, B, … (an odd number of them)
  int path_length, num_steps;
  double step_size, refresh; // ε, ν
  uint32_t first_step, noise_purpose, fresh_purpose;
  double *energy_errors; // (num_steps, num_chains)
  uint8_t *is_bad;       // (num_steps, num_chains)
} Dynamics;

// The row of one chain in each array, and its work vectors.
typedef struct {
  const Dynamics *d;
  int chain, thread;
  real *x, *u, *g, *force, *saved_x, *saved_g;
} Chain;

static void normalise(real *u, int dim) {
  const real norm = (real)__builtin_sqrt(NAME(dot)(u, u, 0, dim));
  for (int i = 0; i < dim; i++) u[i] /= norm;
}

// 1 + ⟨u, e⟩ of unit vectors u and e = force/norm as ½·Σ(u + e)²: exact also where e ≈ −u, where the sum of 1 and the
// product cancels.
static double one_plus_cosine(const real *u, const real *force, double norm, int count) {
  const wide inverse = (1 / norm) - (wide){0};
  wide sums = {0};
  int i = 0;
  for (; i + WIDE_LANES <= count; i += WIDE_LANES) {
    const wide both = load_wide(u + i) + load_wide(force + i) * inverse;
    sums += both * both;
  }
  double sum = sum_wide(sums);
  for (; i < count; i++) {
    const double both = (double)u[i] + (double)force[i] / norm;
    sum += both * both;
  }
  return 0.5 * sum;
}

// B over time c·ε; returns ΔK.
static double turn(const Chain *c, double time) {
  const int dim = c->d->p->dim;
  const real *restrict scale = c->d->scale, *restrict g = c->g;
  real *restrict u = c->u, *restrict force = c->force;
  for (int i = 0; i < dim; i++) force[i] = -scale[i] * g[i];
  const double norm = __builtin_sqrt(NAME(dot)(force, force, 0, dim));
  if (norm < SMALLEST_FORCE) return 0;
  const double ahead = one_plus_cosine(u, force, norm, dim), behind = 2 - ahead; // 1 ± ue
  const double delta = time * norm / (dim - 1);
  const double zeta = scalar_exp(-delta);
  const real along = (real)((1 - zeta) * (ahead + behind * zeta) / norm), keep = (real)(2 * zeta);
  for (int i = 0; i < dim; i++) u[i] = along * force[i] + keep * u[i];
  normalise(u, dim);
  return (dim - 1) * (delta - LOG_2 + scalar_log(ahead + behind * zeta * zeta));
}

// A over time c·ε, then L_n, U and ∇U anew.
static void move(const Chain *c, double time) {
  const Problem *p = c->d->p;
  const real *restrict scale = c->d->scale, *restrict center = p->center, *restrict u = c->u;
  real *restrict x = c->x, *restrict g = c->g;
  const real t = (real)time, n_beta = (real)p->n_beta[c->chain], gamma = (real)p->gamma[c->chain];
  for (int i = 0; i < p->dim; i++) x[i] += t * scale[i] * u[i];
  const double loss = NAME(chain_loss)(p, c->thread, x, 0, g);
  c->d->loss[c->chain] = loss;
  c->d->potential[c->chain] = NAME(chain_potential)(p, c->chain, x, loss);
  for (int i = 0; i < p->dim; i++) g[i] = n_beta * g[i] + gamma * (x[i] - center[i]);
}

// O over half a step, with the normals that start at `first`.
static void refresh(const Chain *c, uint32_t step, int first) {
  const Problem *p = c->d->p;
  if (c->d->refresh == 0) return;
  const Stream stream = stream_of(p, c->chain, c->d->noise_purpose, step);
  NAME(chain_normals)(p, &p->scratch[c->thread], &stream, first, c->force);
  const real nu = (real)c->d->refresh;
  real *restrict u = c->u;
  const real *restrict z = c->force;
  for (int i = 0; i < p->dim; i++) u[i] += nu * z[i];
  normalise(u, p->dim);
}

static void isokinetic_step(const Chain *c, int k) {
  const Dynamics *d = c->d;
  const Problem *p = d->p;
  const size_t bytes = (size_t)p->dim * sizeof(real);
  const uint32_t step = d->first_step + (uint32_t)k;
  const size_t at = (size_t)k * (size_t)p->num_chains + (size_t)c->chain;
  const double saved_loss = d->loss[c->chain], saved_potential = d->potential[c->chain];
  __builtin_memcpy(c->saved_x, c->x, bytes);
  __builtin_memcpy(c->saved_g, c->g, bytes);
  refresh(c, step, 0);
  double kinetic_change = 0;
  for (int stage = 0; stage < d->path_length; stage++) {
    if (stage % 2 == 0) kinetic_change += turn(c, d->path[stage] * d->step_size);
    else move(c, d->path[stage] * d->step_size);
  }
  refresh(c, step, round_up(p->dim, 2));
  const double error = kinetic_change + d->potential[c->chain] - saved_potential;
  const int is_finite = error - error == 0 && NAME(all_finite)(c->x, p->dim) && NAME(all_finite)(c->u, p->dim) &&
                        NAME(all_finite)(c->g, p->dim);
  d->energy_errors[at] = is_finite ? error : 0;
  d->is_bad[at] = !is_finite;
  if (is_finite) return;
  __builtin_memcpy(c->x, c->saved_x, bytes);
  __builtin_memcpy(c->g, c->saved_g, bytes);
  d->loss[c->chain] = saved_loss;
  d->potential[c->chain] = saved_potential;
  const Stream fresh = stream_of(p, c->chain, d->fresh_purpose, step);
  NAME(chain_normals)(p, &p->scratch[c->thread], &fresh, 0, c->u);
  normalise(c->u, p->dim);
}

static void isokinetic_chain(void *context, int chain, int thread) {
  const Dynamics *d = context;
  const size_t row = (size_t)chain * (size_t)d->p->stride;
  void **work = d->p->scratch[thread].work;
  const Chain c = {d, chain, thread, d->position + row, d->direction + row, d->gradient + row,
                   work[0], work[1], work[2]};
  for (int k = 0; k < d->num_steps; k++) isokinetic_step(&c, k);
}

EXPORT void NAME(lh_isokinetic)(const Problem *p, real *position, real *direction, real *gradient, const real *scale,
                                double *loss, double *potential, const double *path, int path_length, int num_steps,
                                double step_size, double nu, uint32_t first_step, uint32_t noise_purpose,
                                uint32_t fresh_purpose, double *energy_errors, uint8_t *is_bad) {
  Dynamics d = {p, position, direction, gradient, scale, loss, potential, path, path_length, num_steps, step_size,
                nu, first_step, noise_purpose, fresh_purpose, energy_errors, is_bad};
  const double flops = path_length / 2 * (gradient_flops(p, p->num_data) + 20.0 * p->dim) + 80.0 * p->dim;
  run_chains(p, isokinetic_chain, &d, num_steps * p->num_chains * flops);
}
