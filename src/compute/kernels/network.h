// network.h — functions of one precision that the kernels call in each other.
#ifndef NETWORK_H
#define NETWORK_H
#include "vector.h"

// wide.c, narrow.c: Σ loss over the samples of a tile; unless null, partial += gradient of the MEAN loss of all samples.
double NAME(wide_tile)(const Problem *, Scratch *, const real *packed, const Tile *, real *partial);
double NAME(narrow_tile)(const Problem *, Scratch *, const real *w, const Tile *, real *partial);

// pack.c: w → the packed copy of a wide network; a partial gradient of a wide network → the order of w.
void NAME(pack_weights)(const Problem *, const real *w, real *packed);
void NAME(unpack_gradient)(const Problem *, const real *partial, real *gradient);

// activations.c
typedef struct {
  int rows, vectors, leading;
} Shape;
void NAME(activate)(int kind, real *a, real *derivative, Shape shape);
void NAME(multiply_derivative)(int kind, const real *a, const real *derivative, real *delta, Shape shape);

// layernorm.c: a → normalised, output; delta (of the output) → delta (of a), in place; gradients of scales, shifts added.
typedef struct {
  int features, samples, leading;
  const real *scales, *shifts;
  real *a, *normalised, *output, *deviations;
  real *delta, *scale_gradients, *shift_gradients;
} Norm;
void NAME(normalise_wide)(const Norm *);
void NAME(normalise_wide_back)(const Norm *);
void NAME(normalise_narrow)(const Norm *);
void NAME(normalise_narrow_back)(const Norm *);

// gather.c: inputs and labels of a tile; picks rows where the tile belongs to a minibatch.
const real *NAME(tile_inputs)(const Problem *, Scratch *, const Tile *);
const double *NAME(tile_labels)(const Problem *, Scratch *, const Tile *);

// evaluate.c: mean loss of w over all data or a minibatch, and its gradient (stride) unless null. Not finite if w is not.
double NAME(chain_loss)(const Problem *, int thread, const real *w, const Minibatch *, real *gradient);
// ‖w − center‖² in float64.
double NAME(squared_distance)(const Problem *, const real *w);
// U = nβ·loss + (γ/2)‖w − center‖².
double NAME(chain_potential)(const Problem *, int chain, const real *w, double loss);

// Are all of the first `count` numbers finite?
int NAME(all_finite)(const real *x, int count);
// vectors.c: Σ weights·x·y in float64 (weights may be null); normals of a chain rounded to the precision.
double NAME(dot)(const real *x, const real *y, const real *weights, int count);
void NAME(chain_normals)(const Problem *, Scratch *, const Stream *, int first, real *out);

// factor.c: p ← p − step·Fᵀ·gradient and q ← q + step·F·(V∘p), in place.
void NAME(factor_kick)(const Problem *, int thread, const real *factor, double step, const real *gradient, real *momentum);
void NAME(factor_drift)(const Problem *, const real *factor, const real *inverse_mass, double step,
                        const real *momentum, real *position);

static inline Stream stream_of(const Problem *p, int chain, uint32_t purpose, uint32_t step) {
  return (Stream){p->seed_low, p->seed_high, purpose, (uint32_t)(p->first_chain + chain), step};
}

// Lanes below n are set: a mask for the last vector of n ≤ LANES numbers.
INLINE mask first_lanes(int n) {
#if LANE_COUNT == 16
  const mask lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif LANE_COUNT == 8
  const mask lane = {0, 1, 2, 3, 4, 5, 6, 7};
#elif LANE_COUNT == 4
  const mask lane = {0, 1, 2, 3};
#else
  const mask lane = {0, 1};
#endif
  return lane < (mask){0} + n;
}
#endif
