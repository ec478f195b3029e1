// activations.c — activations and their derivatives over blocks of rows of vectors.
//
// a: pre-activations in, activations out, in place.
// derivative: written by gelu only (the others have it from a): da/dz. NaN in a lane stays in that lane.
// gelu is the tanh form ½z(1 + tanh u) = z·σ(2u), u = √(2/π)(z + 0.044715 z³); σ avoids the cancellation for z < 0.
#include "elementary.h"
#include "network.h"

#define GELU_SCALE ((real)1.5957691216057308) // 2√(2/π)
#define GELU_CUBIC ((real)0.044715)

#define FOR_EACH_VECTOR(offset)             \
  for (int row = 0; row < shape.rows; row++) \
    for (int offset = row * shape.leading, end = offset + shape.vectors * LANES; offset < end; offset += LANES)

void NAME(activate)(int kind, real *a, real *derivative, Shape shape) {
  switch (kind) {
    case RELU:
      FOR_EACH_VECTOR(o) {
        const vector z = load(a + o);
        store(a + o, (vector)(~(z < 0) & (mask)z));
      }
      return;
    case TANH:
      FOR_EACH_VECTOR(o) store(a + o, hyperbolic_tangent(load(a + o)));
      return;
    case SIGMOID:
      FOR_EACH_VECTOR(o) store(a + o, logistic(load(a + o)));
      return;
    case GELU:
      FOR_EACH_VECTOR(o) {
        const vector z = load(a + o);
        const vector square = z * z;
        const vector gate = logistic(GELU_SCALE * z * (1 + GELU_CUBIC * square));
        const vector slope = GELU_SCALE * (1 + 3 * GELU_CUBIC * square);
        store(a + o, z * gate);
        store(derivative + o, gate + z * gate * (1 - gate) * slope);
      }
      return;
    default:
      return;
  }
}

// delta ← delta·da/dz. relu'(0) = 0.
void NAME(multiply_derivative)(int kind, const real *a, const real *derivative, real *delta, Shape shape) {
  switch (kind) {
    case RELU:
      FOR_EACH_VECTOR(o) store(delta + o, (vector)((load(a + o) > 0) & (mask)load(delta + o)));
      return;
    case TANH:
      FOR_EACH_VECTOR(o) {
        const vector y = load(a + o);
        store(delta + o, load(delta + o) * (1 - y * y));
      }
      return;
    case SIGMOID:
      FOR_EACH_VECTOR(o) {
        const vector y = load(a + o);
        store(delta + o, load(delta + o) * (y * (1 - y)));
      }
      return;
    case GELU:
      FOR_EACH_VECTOR(o) store(delta + o, load(delta + o) * load(derivative + o));
      return;
    default:
      return;
  }
}
