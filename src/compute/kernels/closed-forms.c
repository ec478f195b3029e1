// closed-forms.c — losses without data: quadratic, monomial and power sum, in float64 for both precisions.
//
// loss(w), and its gradient unless null. NaN and ∞ in w give NaN or ∞. Formulas: LossModel in src/compute/model.ts.
#include "kernels.h"

// x^n for n ≥ 0 by repeated squaring; 0^0 = 1.
static double power(double x, int n) {
  double y = 1;
  for (; n > 0; n >>= 1, x *= x)
    if (n & 1) y *= x;
  return y;
}

// |x|^n and its derivative n·|x|^(n−1)·sign x (0 at x = 0 when n = 1, as relu has it).
static double term(double x, int n, double *derivative) {
  const double magnitude = __builtin_fabs(x);
  const double below = n > 0 ? power(magnitude, n - 1) : 0;
  const double sign = x > 0 ? 1 : x < 0 ? -1 : 0;
  *derivative = n * below * sign;
  return n > 0 ? below * magnitude : x - x + 1;
}

static double quadratic(const Problem *p, const double *w, double *gradient) {
  double sum = 0;
  for (int i = 0; i < p->full_dim; i++) {
    sum += 0.5 * p->terms[i] * w[i] * w[i];
    if (gradient) gradient[i] = p->terms[i] * w[i];
  }
  return sum;
}

static double power_sum(const Problem *p, const double *w, double *gradient) {
  double sum = 0, derivative;
  for (int i = 0; i < p->full_dim; i++) {
    sum += p->coefficient * term(w[i], (int)(2 * p->terms[i] + 0.5), &derivative);
    if (gradient) gradient[i] = p->coefficient * derivative;
  }
  return sum;
}

// work: (2, dim), the products of the terms before and the derivative of each; nothing is divided, so zeros are exact.
static double monomial(const Problem *p, const double *w, double *gradient, double *work) {
  const int dim = p->full_dim;
  double *derivatives = work, *before = work + dim;
  double product = p->coefficient;
  for (int i = 0; i < dim; i++) {
    before[i] = product;
    product *= term(w[i], (int)(2 * p->terms[i] + 0.5), derivatives + i);
  }
  double after = 1, unused;
  for (int i = dim - 1; i >= 0 && gradient; i--) {
    gradient[i] = before[i] * derivatives[i] * after;
    after *= term(w[i], (int)(2 * p->terms[i] + 0.5), &unused);
  }
  return product;
}

double closed_form(const Problem *p, const double *w, double *gradient, double *work) {
  if (p->kind == QUADRATIC) return quadratic(p, w, gradient);
  if (p->kind == POWER_SUM) return power_sum(p, w, gradient);
  return monomial(p, w, gradient, work);
}
