// thin.h — a last layer of few outputs: dot products along the features, where gemm.h would compute mostly padding.
#ifndef THIN_H
#define THIN_H
#include "pass.h"

// Samples whose outputs a thin layer computes at once: independent sums that keep the adders busy.
#define THIN_ROWS (LANES < 8 ? 8 : LANES)

// Outputs of the last layer, (out_dim, tile_samples) float64.
static void thin_output(const Pass *pass, const Layer *l, const Input *in) {
  const int size = pass->p->tile_samples, leading = in->leading;
  const real *h = in->h;
  double *outputs = pass->scratch->outputs;
  for (int o = 0; o < l->fan_out; o++) {
    const real *w = pass->packed + l->packed + o * l->input_vectors * LANES;
    for (int s = 0; s < pass->count; s += THIN_ROWS) {
      vector acc[THIN_ROWS];
      for (int i = 0; i < THIN_ROWS; i++) acc[i] = load(h + (s + i) * leading) * load(w);
      for (int v = LANES; v < l->input_vectors * LANES; v += LANES) {
        const vector x = load(w + v);
        for (int i = 0; i < THIN_ROWS; i++) acc[i] += load(h + (s + i) * leading + v) * x;
      }
      real z[THIN_ROWS];
      for (int i = 0; i < THIN_ROWS; i += LANES) store(z + i, sum_each(acc + i));
      for (int i = 0; i < THIN_ROWS; i++) outputs[o * size + s + i] = z[i];
    }
  }
}

// Thin output: gradient of its input, gated by the relu below.
INLINE void thin_flow(const Pass *pass, const Layer *l, const Flow *flow, const int num_outputs) {
  const int size = pass->p->tile_samples, width = l->input_vectors * LANES;
  const real *w = pass->packed + l->packed;
  for (int s = 0; s < pass->rows; s++) {
    const double *delta = pass->scratch->output_deltas + s;
    const real first = (real)delta[0];
    real *out = flow->out + s * flow->leading;
    const real *gate = flow->gate ? flow->gate + s * flow->leading : 0;
    for (int v = 0; v < flow->vectors * LANES; v += LANES) {
      vector sum = first * load(w + v);
      for (int o = 1; o < num_outputs; o++) sum += (real)delta[o * size] * load(w + o * width + v);
      if (gate) sum = (vector)((load(gate + v) > 0) & (mask)sum);
      store(out + v, sum);
    }
  }
}

// Thin output: gradient of its weights (transposed) and, unless null, of its input.
static void thin_back(const Pass *pass, const Layer *l, const Input *in, const Flow *flow) {
  const int size = pass->p->tile_samples, width = l->input_vectors * LANES;
  const int leading = in->leading;
  const real *h = in->h;
  for (int o = 0; o < l->fan_out; o++) {
    const double *delta = pass->scratch->output_deltas + o * size;
    real *gradient = pass->partial + l->gradient + o * width;
    for (int v = 0; v < width; v += LANES) {
      vector acc[4] = {{0}};
      int s = 0;
      for (; s + 4 <= pass->count; s += 4)
        for (int i = 0; i < 4; i++) acc[i] += (real)delta[s + i] * load(h + (s + i) * leading + v);
      for (; s < pass->count; s++) acc[0] += (real)delta[s] * load(h + s * leading + v);
      store(gradient + v, load(gradient + v) + ((acc[0] + acc[1]) + (acc[2] + acc[3])));
    }
  }
  if (!flow->out) return;
  // One output, known to the compiler: no loop over outputs for each vector.
  if (l->fan_out == 1) thin_flow(pass, l, flow, 1);
  else thin_flow(pass, l, flow, l->fan_out);
}
#endif
