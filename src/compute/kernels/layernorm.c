// layernorm.c — layer normalisation of a tile and its gradient, in both layouts.
//
// Forward: x̂ = (a − mean)/√(var + 1e-5), output = scale·x̂ + shift, over the features of one sample (biased variance).
// Back, with e = delta·scale: da = (e − mean(e) − x̂·mean(e·x̂))/√(var + 1e-5).
// wide: a sample is a row, scales and shifts are padded to whole vectors, the last vector is masked in sums.
// narrow: a sample is a lane, a feature is a row; sums need no shuffles.
#include "network.h"

#define NORM_EPSILON ((real)1e-5)

INLINE mask row_mask(const Norm *n, int i) { return first_lanes(n->features - i); }

void NAME(normalise_wide)(const Norm *n) {
  const int f = n->features;
  for (int s = 0; s < n->samples; s++) {
    const real *a = n->a + s * n->leading;
    vector sum = {0}, squares = {0};
    for (int i = 0; i < f; i += LANES) sum += (vector)(row_mask(n, i) & (mask)load(a + i));
    const real mean = sum_lanes(sum) / f;
    for (int i = 0; i < f; i += LANES) {
      const vector x = (vector)(row_mask(n, i) & (mask)(load(a + i) - mean));
      squares += x * x;
    }
    const real inverse = 1 / (real)__builtin_sqrt(sum_lanes(squares) / f + NORM_EPSILON);
    n->deviations[s] = inverse;
    for (int i = 0; i < f; i += LANES) {
      const vector x = (load(a + i) - mean) * inverse;
      store(n->normalised + s * n->leading + i, x);
      store(n->output + s * n->leading + i, x * load(n->scales + i) + load(n->shifts + i));
    }
  }
}

void NAME(normalise_wide_back)(const Norm *n) {
  const int f = n->features;
  for (int s = 0; s < n->samples; s++) {
    real *delta = n->delta + s * n->leading;
    const real *x = n->normalised + s * n->leading;
    vector sum = {0}, product = {0};
    for (int i = 0; i < f; i += LANES) {
      const vector d = load(delta + i), e = (vector)(row_mask(n, i) & (mask)(d * load(n->scales + i)));
      const vector y = (vector)(row_mask(n, i) & (mask)load(x + i));
      sum += e;
      product += e * y;
      store(n->scale_gradients + i, load(n->scale_gradients + i) + d * y);
      store(n->shift_gradients + i, load(n->shift_gradients + i) + d);
    }
    const real mean = sum_lanes(sum) / f, correlation = sum_lanes(product) / f, inverse = n->deviations[s];
    for (int i = 0; i < f; i += LANES) {
      const vector e = load(delta + i) * load(n->scales + i);
      store(delta + i, (e - mean - load(x + i) * correlation) * inverse);
    }
  }
}

void NAME(normalise_narrow)(const Norm *n) {
  for (int s = 0; s < n->samples; s += LANES) {
    vector sum = {0}, squares = {0};
    for (int i = 0; i < n->features; i++) sum += load(n->a + i * n->leading + s);
    const vector mean = sum / (real)n->features;
    for (int i = 0; i < n->features; i++) {
      const vector x = load(n->a + i * n->leading + s) - mean;
      squares += x * x;
    }
    real inverse[LANES];
    store(inverse, squares / (real)n->features + NORM_EPSILON);
    for (int i = 0; i < LANES; i++) inverse[i] = 1 / (real)__builtin_sqrt(inverse[i]);
    const vector scale = load(inverse);
    store(n->deviations + s, scale);
    for (int i = 0; i < n->features; i++) {
      const vector x = (load(n->a + i * n->leading + s) - mean) * scale;
      store(n->normalised + i * n->leading + s, x);
      store(n->output + i * n->leading + s, x * n->scales[i] + n->shifts[i]);
    }
  }
}

void NAME(normalise_narrow_back)(const Norm *n) {
  for (int i = 0; i < n->features; i++) {
    vector scale = {0}, shift = {0};
    for (int s = 0; s < n->samples; s += LANES) {
      const vector d = load(n->delta + i * n->leading + s);
      scale += d * load(n->normalised + i * n->leading + s);
      shift += d;
    }
    n->scale_gradients[i] += sum_lanes(scale);
    n->shift_gradients[i] += sum_lanes(shift);
  }
  for (int s = 0; s < n->samples; s += LANES) {
    vector sum = {0}, product = {0};
    for (int i = 0; i < n->features; i++) {
      const vector e = load(n->delta + i * n->leading + s) * n->scales[i];
      sum += e;
      product += e * load(n->normalised + i * n->leading + s);
    }
    const vector mean = sum / (real)n->features, correlation = product / (real)n->features;
    const vector inverse = load(n->deviations + s);
    for (int i = 0; i < n->features; i++) {
      const vector e = load(n->delta + i * n->leading + s) * n->scales[i];
      const vector x = load(n->normalised + i * n->leading + s);
      store(n->delta + i * n->leading + s, (e - mean - x * correlation) * inverse);
    }
  }
}
