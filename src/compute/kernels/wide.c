// wide.c — loss and gradient of a network over a tile of samples, features in the lanes of vectors.
//
// Activations (sample, leading): rows of one sample, padded to whole vectors; where the network has biases, column
// fan_out of each holds the constant 1, so that a bias is one more row of the weights. Forward Z = H·W, back
// dH = dZ·Wᵀ and dW += Hᵀ·dZ are one kernel (gemm.h) on packed copies of W and Wᵀ; nothing flows back into the data.
// The padding of Z, dZ and dW holds anything; pack.c keeps that of W and Wᵀ at 0, so it never meets a result.
// A last layer with few outputs ("thin") is taken as dot products along the features instead.
// The tile's activations (64 samples) stay in the first two caches from the forward pass to the end of the backward one.
#include "gemm.h"
#include "network.h"

// Samples whose outputs a thin layer computes at once: independent sums that keep the adders busy.
#define THIN_ROWS (LANES < 8 ? 8 : LANES)

typedef struct {
  const Problem *p;
  Scratch *scratch;
  const real *packed;
  real *tile;    // activations
  real *partial; // gradient, added to
  int count;     // samples
  int rows;      // samples rounded up to MICRO_ROWS
} Pass;

INLINE int is_plain_relu(const Problem *p, const Layer *l) {
  return p->activation == RELU && l->normalised < 0 && !l->has_skip;
}

static void forward_product(const Gemm *g, int is_relu) {
  if (is_relu) gemm(g, (Form){STORE_RELU, UNIT_DEPTH_STEP, 0});
  else gemm(g, (Form){STORE, UNIT_DEPTH_STEP, 0});
}

static void backward_product(const Gemm *g) {
  if (g->gate) gemm(g, (Form){STORE_GATED, UNIT_DEPTH_STEP, 0});
  else gemm(g, (Form){STORE, UNIT_DEPTH_STEP, 0});
}

static void weight_product(const Gemm *g) { gemm(g, (Form){ADD, UNIT_ROW_STEP, 1}); }

static Norm norm_of(const Pass *pass, const Layer *l) {
  const int width = l->vectors * LANES;
  const int has_gradient = pass->partial != 0;
  return (Norm){.features = l->fan_out,
                .samples = pass->count,
                .leading = l->leading,
                .scales = pass->packed + l->packed_norm,
                .shifts = pass->packed + l->packed_norm + width,
                .a = pass->tile + l->activation,
                .normalised = pass->tile + l->normalised,
                .output = pass->tile + l->output,
                .deviations = pass->tile + l->deviations,
                .scale_gradients = has_gradient ? pass->partial + l->gradient_norm : 0,
                .shift_gradients = has_gradient ? pass->partial + l->gradient_norm + width : 0};
}

// h (samples, leading of h) → the output of layer l.
static void forward_hidden(const Pass *pass, const Layer *l, const real *h, int leading) {
  const Problem *p = pass->p;
  real *a = pass->tile + l->activation, *out = pass->tile + l->output;
  const Gemm product = {.a = h,
                        .row_step = leading,
                        .depth_step = 1,
                        .b = pass->packed + l->packed,
                        .ldb = PAIR,
                        .pair_step = l->rows * PAIR,
                        .c = a,
                        .ldc = l->leading,
                        .rows = pass->rows,
                        .vectors = l->vectors,
                        .depth = l->rows};
  forward_product(&product, p->activation == RELU);
  if (p->activation != RELU && p->activation != IDENTITY)
    NAME(activate)(p->activation, a, pass->tile + l->derivative, (Shape){pass->rows, l->vectors, l->leading});
  if (l->normalised >= 0) {
    const Norm norm = norm_of(pass, l);
    NAME(normalise_wide)(&norm);
    a = out;
  }
  if (l->has_skip)
    for (int s = 0; s < pass->rows; s++)
      for (int i = 0; i < l->vectors * LANES; i += LANES)
        store(out + s * l->leading + i, load(a + s * l->leading + i) + load(h + s * leading + i));
  if (p->has_bias)
    for (int s = 0; s < pass->rows; s++) out[s * l->leading + l->fan_out] = 1;
}

// Outputs of the last layer, (out_dim, tile_samples) float64.
static void forward_output(const Pass *pass, const Layer *l, const real *h, int leading) {
  const int size = pass->p->tile_samples;
  double *outputs = pass->scratch->outputs;
  if (!pass->p->is_thin) {
    real *z = pass->tile + l->activation;
    const Gemm product = {.a = h,
                          .row_step = leading,
                          .depth_step = 1,
                          .b = pass->packed + l->packed,
                          .ldb = PAIR,
                          .pair_step = l->rows * PAIR,
                          .c = z,
                          .ldc = l->leading,
                          .rows = pass->rows,
                          .vectors = l->vectors,
                          .depth = l->rows};
    forward_product(&product, 0);
    for (int s = 0; s < pass->count; s++)
      for (int o = 0; o < l->fan_out; o++) outputs[o * size + s] = z[s * l->leading + o];
    return;
  }
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
INLINE void thin_flow(const Pass *pass, const Layer *l, const Gemm *flow, const int num_outputs) {
  const int size = pass->p->tile_samples, width = l->input_vectors * LANES;
  const real *w = pass->packed + l->packed;
  for (int s = 0; s < pass->rows; s++) {
    const double *delta = pass->scratch->output_deltas + s;
    const real first = (real)delta[0];
    real *out = flow->c + s * flow->ldc;
    const real *gate = flow->gate ? flow->gate + s * flow->ldc : 0;
    for (int v = 0; v < flow->vectors * LANES; v += LANES) {
      vector sum = first * load(w + v);
      for (int o = 1; o < num_outputs; o++) sum += (real)delta[o * size] * load(w + o * width + v);
      if (gate) sum = (vector)((load(gate + v) > 0) & (mask)sum);
      store(out + v, sum);
    }
  }
}

// Thin output: gradient of its weights (transposed) and, unless null, of its input.
static void backward_thin(const Pass *pass, const Layer *l, const Gemm *flow) {
  const int size = pass->p->tile_samples, width = l->input_vectors * LANES;
  const real *h = flow->a;
  const ptrdiff_t leading = flow->row_step;
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
  if (!flow->c) return;
  // One output, known to the compiler: no loop over outputs for each vector.
  if (l->fan_out == 1) thin_flow(pass, l, flow, 1);
  else thin_flow(pass, l, flow, l->fan_out);
}

// dZ of layer l and its input h → gradient of its weights and, where flow->c is set, of h.
static void backward_layer(const Pass *pass, const Layer *l, const real *dz, const Gemm *flow) {
  const Gemm weights = {.a = flow->a,
                        .row_step = 1,
                        .depth_step = flow->row_step,
                        .b = dz,
                        .ldb = l->leading,
                        .pair_step = PAIR,
                        .c = pass->partial + l->gradient,
                        .ldc = l->vectors * LANES,
                        .rows = l->rows,
                        .vectors = l->vectors,
                        .depth = pass->count};
  weight_product(&weights);
  if (!flow->c) return;
  Gemm back = *flow;
  back.a = dz;
  back.row_step = l->leading;
  back.depth_step = 1;
  back.b = pass->packed + l->transposed;
  back.ldb = PAIR;
  back.pair_step = l->fan_out * PAIR;
  back.rows = pass->rows;
  back.depth = l->fan_out;
  backward_product(&back);
}

// delta of the output of hidden layer l → dZ, in place or in `work` where a skip still needs delta.
static real *backward_activation(const Pass *pass, const Layer *l, real *delta, real *work) {
  const Shape shape = {pass->rows, l->vectors, l->leading};
  real *dz = delta;
  if (l->has_skip) {
    dz = work;
    for (int s = 0; s < pass->rows; s++)
      for (int i = 0; i < l->vectors * LANES; i += LANES)
        store(dz + s * l->leading + i, load(delta + s * l->leading + i));
  }
  if (l->normalised >= 0) {
    Norm norm = norm_of(pass, l);
    norm.delta = dz;
    NAME(normalise_wide_back)(&norm);
  }
  if (!is_plain_relu(pass->p, l))
    NAME(multiply_derivative)
    (pass->p->activation, pass->tile + l->activation, pass->tile + l->derivative, dz, shape);
  return dz;
}

// The flow of gradients from layer `index` into its input, which lies at flow.a; flow.c is null for the first layer.
static Gemm flow_into(const Pass *pass, int index, const real *inputs, real *target) {
  const Problem *p = pass->p;
  if (index == 0) return (Gemm){.a = inputs, .row_step = p->input_leading};
  const Layer *below = &p->layers[index - 1];
  const int is_gated = is_plain_relu(p, below) && !p->layers[index].has_skip;
  return (Gemm){.a = pass->tile + below->output,
                .row_step = below->leading,
                .c = target,
                .ldc = below->leading,
                .vectors = below->vectors,
                .gate = is_gated ? pass->tile + below->activation : 0};
}

static void add_skip(const Pass *pass, const Layer *l, const real *delta, const Gemm *flow) {
  for (int s = 0; s < pass->rows; s++)
    for (int i = 0; i < flow->vectors * LANES; i += LANES)
      store(flow->c + s * flow->ldc + i, load(flow->c + s * flow->ldc + i) + load(delta + s * l->leading + i));
}

static void backward(const Pass *pass, const real *inputs) {
  const Problem *p = pass->p;
  real *delta = pass->scratch->deltas[0], *next = pass->scratch->deltas[1], *work = pass->scratch->deltas[2];
  int index = p->num_layers - 1;
  const Layer *last = &p->layers[index];
  Gemm flow = flow_into(pass, index, inputs, next);
  if (p->is_thin) {
    backward_thin(pass, last, &flow);
  } else {
    for (int s = 0; s < pass->rows; s++)
      for (int o = 0; o < last->fan_out; o++)
        delta[s * last->leading + o] = (real)pass->scratch->output_deltas[o * p->tile_samples + s];
    backward_layer(pass, last, delta, &flow);
  }
  while (index-- > 0) {
    real *freed = delta;
    delta = next;
    next = freed;
    const Layer *l = &p->layers[index];
    const real *dz = backward_activation(pass, l, delta, work);
    flow = flow_into(pass, index, inputs, next);
    backward_layer(pass, l, dz, &flow);
    if (l->has_skip) {
      add_skip(pass, l, delta, &flow);
      // The sum is complete only now, so the gate of a plain relu below could not be part of the product.
      const Layer *below = &p->layers[index - 1];
      if (is_plain_relu(p, below))
        NAME(multiply_derivative)
        (RELU, pass->tile + below->activation, 0, next, (Shape){pass->rows, below->vectors, below->leading});
    }
  }
}

double NAME(wide_tile)(const Problem *p, Scratch *scratch, const real *packed, const Tile *tile, real *partial) {
  const Pass pass = {p, scratch, packed, scratch->tile, partial, tile->count, round_up(tile->count, MICRO_ROWS)};
  const real *inputs = NAME(tile_inputs)(p, scratch, tile);
  const real *h = inputs;
  int leading = p->input_leading;
  for (int i = 0; i + 1 < p->num_layers; i++) {
    forward_hidden(&pass, &p->layers[i], h, leading);
    h = pass.tile + p->layers[i].output;
    leading = p->layers[i].leading;
  }
  forward_output(&pass, &p->layers[p->num_layers - 1], h, leading);
  const double terms = (double)tile->total * (p->loss == CROSS_ENTROPY ? 1 : p->out_dim);
  const LossTile loss = {NAME(tile_labels)(p, scratch, tile), tile->count, round_up(tile->count, ALIGNMENT / 4),
                         partial ? 1 / terms : 0};
  const double sum = tile_loss(p, scratch, &loss);
  if (partial) backward(&pass, inputs);
  return sum;
}
