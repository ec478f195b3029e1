// no-u-turn.c — a transition of the no-U-turn sampler, the whole tree of a chain in one go.
//
// The trajectory doubles at a random end until it turns back, inside the new subtree or over the seam, or diverges. Rules
// and source: src/compute/reference/no-u-turn.ts. There subtrees are halves of halves; here leaves come one by one, and the
// halves are those of a binary counter: with leaf n a stretch of 2^k leaves is finished for each of the lowest k one-bits
// of n, so that one pending stretch a level is all the memory there is. Energies and products are float64 in both
// precisions.
#include "network.h"

#define MAX_DEPTH 20
#define OWN_VECTORS 12   // of a tree
#define LEVEL_VECTORS 3  // of a pending stretch
#define TYPICAL_STEPS 8  // for the decision between one thread and more

enum { ACCEPTANCE, ENERGY, ENERGY_ERROR, LARGEST_ERROR, DIVERGENT, DEPTH, STEPS, REACHED_MAX_DEPTH };

typedef struct {
  const Problem *p;
  real *position, *momentum, *gradient;
  const real *inverse_mass, *factor; // factor: null for independent coordinates
  double *loss, *potential;
  double step_size, divergence_threshold;
  int max_depth;
  uint32_t step, direction_purpose, proposal_purpose, accept_purpose;
  real *work;
  double *info; // (8, num_chains), rows in the order above
} Trees;

typedef struct {
  real *q, *p, *g;
} Point;

// Momenta at the ends of a stretch in the order of creation, and their sum over it.
typedef struct {
  real *first, *last, *sum;
} Stretch;

typedef struct {
  const Trees *t;
  int chain, thread, depth;
  Point back, front;
  real *sum;                           // of the momenta of the tree
  real *seam;                          // momentum of the tree at the end where it grows
  real *subtree_first, *subtree_sum;   // of the subtree
  Stretch pending[MAX_DEPTH];          // at k: 2^k leaves that wait for their other half
  real *candidate_q, *candidate_g;     // drawn from the subtree
  double candidate_loss, candidate_potential, candidate_error, candidate_weight;
  double energy, log_weight, acceptance, energy_error, largest_error;
  int num_steps, is_divergent;
} Tree;

static double log_add(double a, double b) {
  const double high = a > b ? a : b, low = a > b ? b : a;
  return high + scalar_log(1 + scalar_exp(low - high));
}

static double uniform(const Tree *r, uint32_t purpose, uint32_t index) {
  const Stream stream = stream_of(r->t->p, r->chain, purpose, r->t->step);
  return random_uniform(&stream, index);
}

static void copy(const Tree *r, const real *from, real *to) {
  __builtin_memcpy(to, from, (size_t)r->t->p->dim * sizeof(real));
}

static void add(const Tree *r, const real *x, real *restrict sum) {
  for (int i = 0; i < r->t->p->dim; i++) sum[i] += x[i];
}

// True unless the ends of a stretch both look along its ρ = a + b. NaN counts as turning.
static int looks_back(const Tree *r, const real *first, const real *last, const real *a, const real *b) {
  const real *v = r->t->inverse_mass;
  const int dim = r->t->p->dim;
  wide firsts = {0}, lasts = {0};
  int i = 0;
  for (; i + WIDE_LANES <= dim; i += WIDE_LANES) {
    const wide rho = load_wide(v + i) * (load_wide(a + i) + load_wide(b + i));
    firsts += rho * load_wide(first + i);
    lasts += rho * load_wide(last + i);
  }
  double at_first = sum_wide(firsts), at_last = sum_wide(lasts);
  for (; i < dim; i++) {
    const double rho = (double)v[i] * ((double)a[i] + (double)b[i]);
    at_first += rho * (double)first[i];
    at_last += rho * (double)last[i];
  }
  return !(at_first > 0 && at_last > 0);
}

// The two checks across the seam of neighbours `a` (earlier) and `b`.
static int seam_turns(const Tree *r, const Stretch *a, const Stretch *b) {
  return looks_back(r, a->first, b->first, a->sum, b->first) || looks_back(r, a->last, b->last, b->sum, a->last);
}

// A leapfrog step where a factor correlates the coordinates; returns U where it ends.
static double factor_leap(const Tree *r, const Point *w, double signed_step, double *loss) {
  const Trees *t = r->t;
  const Problem *p = t->p;
  real *restrict q = w->q, *restrict g = w->g;
  const real *restrict center = p->center;
  const real n_beta = (real)p->n_beta[r->chain], gamma = (real)p->gamma[r->chain];
  NAME(factor_kick)(p, r->thread, t->factor, 0.5 * signed_step, g, w->p);
  NAME(factor_drift)(p, t->factor, t->inverse_mass, signed_step, w->p, q);
  *loss = NAME(chain_loss)(p, r->thread, q, 0, g);
  for (int i = 0; i < p->dim; i++) g[i] = n_beta * g[i] + gamma * (q[i] - center[i]);
  NAME(factor_kick)(p, r->thread, t->factor, 0.5 * signed_step, g, w->p);
  return NAME(chain_potential)(p, r->chain, q, *loss);
}

// One leapfrog step; returns U where it ends.
static double leap(const Tree *r, const Point *w, double signed_step, double *loss) {
  const Trees *t = r->t;
  const Problem *p = t->p;
  const int dim = p->dim;
  real *restrict q = w->q, *restrict m = w->p, *restrict g = w->g;
  const real *restrict inverse_mass = t->inverse_mass, *restrict center = p->center;
  const real step = (real)signed_step, half = (real)(0.5 * signed_step);
  const real n_beta = (real)p->n_beta[r->chain], gamma = (real)p->gamma[r->chain];
  for (int i = 0; i < dim; i++) {
    m[i] -= half * g[i];
    q[i] += step * inverse_mass[i] * m[i];
  }
  *loss = NAME(chain_loss)(p, r->thread, q, 0, g);
  const double potential = NAME(chain_potential)(p, r->chain, q, *loss);
  for (int i = 0; i < dim; i++) {
    g[i] = n_beta * g[i] + gamma * (q[i] - center[i]);
    m[i] -= half * g[i];
  }
  return potential;
}

// Takes the walker's point, leaf `number` of the tree, into the statistics and, by chance, as candidate. False: divergent.
static int weigh_leaf(Tree *r, const Point *w, uint32_t number, double loss, double potential) {
  const Trees *t = r->t;
  const double difference = potential + 0.5 * NAME(dot)(w->p, w->p, t->inverse_mass, t->p->dim) - r->energy;
  const double error = difference - difference == 0 ? difference : __builtin_inf();
  const double size = error < 0 ? -error : error;
  const double largest = r->largest_error < 0 ? -r->largest_error : r->largest_error;
  r->num_steps++;
  r->acceptance += error <= 0 ? 1 : scalar_exp(-error);
  if (size > largest) r->largest_error = error;
  if (error > t->divergence_threshold) {
    r->is_divergent = 1;
    return 0;
  }
  r->candidate_weight = log_add(r->candidate_weight, -error);
  if (uniform(r, t->proposal_purpose, number) >= scalar_exp(-error - r->candidate_weight)) return 1;
  r->candidate_loss = loss;
  r->candidate_potential = potential;
  r->candidate_error = error;
  copy(r, w->q, r->candidate_q);
  copy(r, w->g, r->candidate_g);
  return 1;
}

// Adds leaf `number` of a subtree of 2^depth leaves; true if a stretch that ends with it turns.
static int add_leaf(Tree *r, real *momentum, int number) {
  Stretch now = {momentum, momentum, r->subtree_sum};
  copy(r, momentum, now.sum);
  if (number == 0) copy(r, momentum, r->subtree_first);
  int level = 0;
  for (; (number >> level) & 1; level++) {
    const Stretch *earlier = &r->pending[level];
    if (looks_back(r, earlier->first, now.last, earlier->sum, now.sum)) return 1;
    // Two leaves: the checks across the seam would repeat the first.
    if (level > 0 && seam_turns(r, earlier, &now)) return 1;
    add(r, earlier->sum, now.sum);
    now.first = earlier->first;
  }
  if (level == r->depth) return 0; // the whole subtree
  copy(r, now.first, r->pending[level].first);
  copy(r, now.last, r->pending[level].last);
  copy(r, now.sum, r->pending[level].sum);
  return 0;
}

// 2^depth leaves from `w` on; the candidate is drawn from them. False if it turned or diverged.
static int grow_subtree(Tree *r, const Point *w, double signed_step) {
  r->candidate_weight = -__builtin_inf();
  for (int leaf = 0; leaf < 1 << r->depth; leaf++) {
    double loss;
    const double potential = (r->t->factor ? factor_leap : leap)(r, w, signed_step, &loss);
    if (!weigh_leaf(r, w, (1u << r->depth) + (uint32_t)leaf, loss, potential)) return 0;
    if (add_leaf(r, w->p, leaf)) return 0;
  }
  return 1;
}

// Moves to the candidate with probability min(1, w_new/w_old): biased progressive sampling.
static void move_to_candidate(Tree *r) {
  const Trees *t = r->t;
  const size_t row = (size_t)r->chain * (size_t)t->p->stride;
  const double log_ratio = r->candidate_weight - r->log_weight;
  r->log_weight = log_add(r->log_weight, r->candidate_weight);
  if (uniform(r, t->accept_purpose, (uint32_t)r->depth) >= scalar_exp(log_ratio)) return;
  copy(r, r->candidate_q, t->position + row);
  copy(r, r->candidate_g, t->gradient + row);
  t->loss[r->chain] = r->candidate_loss;
  t->potential[r->chain] = r->candidate_potential;
  r->energy_error = r->candidate_error;
}

// One doubling at a random end; true if the tree may double once more.
static int double_tree(Tree *r) {
  const int is_forward = uniform(r, r->t->direction_purpose, (uint32_t)r->depth) < 0.5;
  const Point *near = is_forward ? &r->front : &r->back, *far = is_forward ? &r->back : &r->front;
  copy(r, near->p, r->seam);
  if (!grow_subtree(r, near, is_forward ? r->t->step_size : -r->t->step_size)) return 0;
  move_to_candidate(r);
  r->depth++;
  const Stretch tree = {far->p, r->seam, r->sum}, subtree = {r->subtree_first, near->p, r->subtree_sum};
  const int has_turned = looks_back(r, far->p, near->p, r->sum, r->subtree_sum) || seam_turns(r, &tree, &subtree);
  add(r, r->subtree_sum, r->sum);
  return !has_turned;
}

static real *take(real **next, size_t stride) {
  real *vector = *next;
  *next += stride;
  return vector;
}

// A tree of one point; its vectors are carved from the chain's part of `work`.
static Tree plant(const Trees *t, int chain, int thread) {
  const size_t stride = (size_t)t->p->stride, row = (size_t)chain * stride;
  real *next = t->work + row * (size_t)(OWN_VECTORS + LEVEL_VECTORS * t->max_depth);
  Tree r = {.t = t, .chain = chain, .thread = thread};
  Point *ends[] = {&r.back, &r.front};
  for (int i = 0; i < 2; i++) {
    *ends[i] = (Point){take(&next, stride), take(&next, stride), take(&next, stride)};
    copy(&r, t->position + row, ends[i]->q);
    copy(&r, t->momentum + row, ends[i]->p);
    copy(&r, t->gradient + row, ends[i]->g);
  }
  r.sum = take(&next, stride);
  r.seam = take(&next, stride);
  r.subtree_first = take(&next, stride);
  r.subtree_sum = take(&next, stride);
  r.candidate_q = take(&next, stride);
  r.candidate_g = take(&next, stride);
  for (int level = 0; level < t->max_depth; level++) r.pending[level] = (Stretch){take(&next, stride), take(&next, stride), take(&next, stride)};
  copy(&r, r.front.p, r.sum);
  r.energy = t->potential[chain] + 0.5 * NAME(dot)(r.front.p, r.front.p, t->inverse_mass, t->p->dim);
  return r;
}

static void tree_chain(void *context, int chain, int thread) {
  const Trees *t = context;
  Tree r = plant(t, chain, thread);
  int is_growing = 1;
  while (is_growing && r.depth < t->max_depth) is_growing = double_tree(&r);
  const double values[] = {
      [ACCEPTANCE] = r.acceptance / r.num_steps, [ENERGY] = r.energy,      [ENERGY_ERROR] = r.energy_error,
      [LARGEST_ERROR] = r.largest_error,         [DIVERGENT] = r.is_divergent, [DEPTH] = r.depth,
      [STEPS] = r.num_steps,                     [REACHED_MAX_DEPTH] = is_growing};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) t->info[i * (size_t)t->p->num_chains + (size_t)chain] = values[i];
}

// Vectors of a chain in `work`.
EXPORT int NAME(lh_tree_vectors)(int max_depth) { return OWN_VECTORS + LEVEL_VECTORS * max_depth; }

// max_depth from 1 to 20; work: (num_chains, lh_tree_vectors, stride).
EXPORT void NAME(lh_no_u_turn)(const Problem *p, real *position, real *momentum, real *gradient,
                               const real *inverse_mass, const real *factor, double *loss, double *potential,
                               double step_size, double divergence_threshold, int max_depth, uint32_t step,
                               uint32_t direction_purpose, uint32_t proposal_purpose, uint32_t accept_purpose,
                               real *work, double *info) {
  Trees t = {p, position, momentum, gradient, inverse_mass, factor, loss, potential, step_size, divergence_threshold,
             max_depth, step, direction_purpose, proposal_purpose, accept_purpose, work, info};
  const double flops = gradient_flops(p, p->num_data) + (20.0 + (factor ? 2.0 * p->dim : 0)) * p->dim;
  run_chains(p, tree_chain, &t, TYPICAL_STEPS * p->num_chains * flops);
}
