// factor.c — kicks and drifts of coordinates that a lower triangular factor F correlates: M⁻¹ = F·diag(V)·Fᵀ.
//
// F (dim, stride) row-major, what lies right of its diagonal is never read into a result. p are the momenta of F⁻¹q, so
// that the kinetic energy stays ½·Σ V_i·p_i². Sums are float64 in both precisions, in one fixed order.
#include "network.h"

#define ROWS 4 // of F, at a time: the sums are loaded and stored once for all of them

// p ← p − step·Fᵀ·gradient.
void NAME(factor_kick)(const Problem *p, int thread, const real *factor, double step, const real *gradient,
                       real *restrict momentum) {
  const int dim = p->dim;
  const size_t stride = (size_t)p->stride;
  double *restrict sums = p->scratch[thread].normals;
  for (int i = 0; i < dim; i++) sums[i] = 0;
  int i = 0;
  for (; i + ROWS <= dim; i += ROWS) {
    const real *a = factor + (size_t)i * stride, *b = a + stride, *c = b + stride, *d = c + stride;
    const double ga = gradient[i], gb = gradient[i + 1], gc = gradient[i + 2], gd = gradient[i + 3];
    for (int j = 0; j <= i; j++) sums[j] += ((double)a[j] * ga + (double)b[j] * gb) + ((double)c[j] * gc + (double)d[j] * gd);
    sums[i + 1] += (double)b[i + 1] * gb + (double)c[i + 1] * gc + (double)d[i + 1] * gd;
    sums[i + 2] += (double)c[i + 2] * gc + (double)d[i + 2] * gd;
    sums[i + 3] += (double)d[i + 3] * gd;
  }
  for (; i < dim; i++)
    for (int j = 0; j <= i; j++) sums[j] += (double)factor[(size_t)i * stride + (size_t)j] * (double)gradient[i];
  for (int j = 0; j < dim; j++) momentum[j] = (real)((double)momentum[j] - step * sums[j]);
}

// q ← q + step·F·(V∘p).
void NAME(factor_drift)(const Problem *p, const real *factor, const real *inverse_mass, double step,
                        const real *momentum, real *position) {
  for (int i = 0; i < p->dim; i++) {
    const real *row = factor + (size_t)i * (size_t)p->stride;
    position[i] = (real)((double)position[i] + step * NAME(dot)(row, momentum, inverse_mass, i + 1));
  }
}
