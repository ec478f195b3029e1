// leapfrog.c — velocity-Verlet trajectories of H = U(q) + ½·Σ V_i·p_i², all steps of a chain in one go.
//
// p ← p − (ε/2)∇U(q); q ← q + ε·V∘p; p ← p − (ε/2)∇U(q). The closing half kick of a step and the opening one of the next
// are done as one kick of ε, in the loop that turns ∇L_n into ∇U. With a factor F (factor.c) p ← p − (ε/2)·Fᵀ∇U(q) and
// q ← q + ε·F·(V∘p). Source: Neal (2011), eqs. 2.28–2.30.
#include "network.h"

typedef struct {
  const Problem *p;
  real *position, *momentum, *gradient;
  const real *inverse_mass, *factor;
  const double *step_sizes;
  double *loss, *potential;
  int num_steps;
} Trajectory;

static void leapfrog_chain(void *context, int chain, int thread) {
  const Trajectory *t = context;
  const Problem *p = t->p;
  const size_t row = (size_t)chain * (size_t)p->stride;
  const int dim = p->dim;
  real *restrict q = t->position + row, *restrict m = t->momentum + row, *restrict g = t->gradient + row;
  const real *restrict inverse_mass = t->inverse_mass, *restrict center = p->center;
  const real step = (real)t->step_sizes[chain], half = (real)(0.5 * t->step_sizes[chain]);
  const real n_beta = (real)p->n_beta[chain], gamma = (real)p->gamma[chain];
  for (int i = 0; i < dim; i++) {
    m[i] -= half * g[i];
    q[i] += step * inverse_mass[i] * m[i];
  }
  for (int k = 1; k < t->num_steps; k++) {
    NAME(chain_loss)(p, thread, q, 0, g);
    for (int i = 0; i < dim; i++) {
      m[i] -= step * (n_beta * g[i] + gamma * (q[i] - center[i]));
      q[i] += step * inverse_mass[i] * m[i];
    }
  }
  t->loss[chain] = NAME(chain_loss)(p, thread, q, 0, g);
  t->potential[chain] = NAME(chain_potential)(p, chain, q, t->loss[chain]);
  for (int i = 0; i < dim; i++) {
    g[i] = n_beta * g[i] + gamma * (q[i] - center[i]);
    m[i] -= half * g[i];
  }
}

// The same where a factor correlates the coordinates.
static void factor_chain(void *context, int chain, int thread) {
  const Trajectory *t = context;
  const Problem *p = t->p;
  const size_t row = (size_t)chain * (size_t)p->stride;
  real *restrict q = t->position + row, *restrict m = t->momentum + row, *restrict g = t->gradient + row;
  const real *restrict center = p->center;
  const double step = t->step_sizes[chain];
  const real n_beta = (real)p->n_beta[chain], gamma = (real)p->gamma[chain];
  NAME(factor_kick)(p, thread, t->factor, 0.5 * step, g, m);
  for (int k = 1; k <= t->num_steps; k++) {
    NAME(factor_drift)(p, t->factor, t->inverse_mass, step, m, q);
    t->loss[chain] = NAME(chain_loss)(p, thread, q, 0, g);
    for (int i = 0; i < p->dim; i++) g[i] = n_beta * g[i] + gamma * (q[i] - center[i]);
    NAME(factor_kick)(p, thread, t->factor, k < t->num_steps ? step : 0.5 * step, g, m);
  }
  t->potential[chain] = NAME(chain_potential)(p, chain, q, t->loss[chain]);
}

// num_steps ≥ 1; factor: null for independent coordinates; gradient is ∇U at position, in and out.
EXPORT void NAME(lh_leapfrog)(const Problem *p, real *position, real *momentum, real *gradient,
                              const real *inverse_mass, const real *factor, const double *step_sizes, double *loss,
                              double *potential, int num_steps) {
  Trajectory t = {p, position, momentum, gradient, inverse_mass, factor, step_sizes, loss, potential, num_steps};
  const double flops = gradient_flops(p, p->num_data) + (10.0 + (factor ? 2.0 * p->dim : 0)) * p->dim;
  run_chains(p, factor ? factor_chain : leapfrog_chain, &t, num_steps * p->num_chains * flops);
}
