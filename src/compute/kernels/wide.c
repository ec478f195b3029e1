// wide.c — loss and gradient of a network over a tile of samples, features in the lanes of vectors.
//
// Activations (sample, leading): rows of one sample, padded to whole vectors; where the network has biases, column
// fan_out of each holds the constant 1, so that a bias is one more row of the weights. Forward Z = H·W, back
// dH = dZ·Wᵀ and dW += Hᵀ·dZ are one kernel (gemm.h) on packed copies of W and Wᵀ; nothing flows back into the data.
// The padding of Z, dZ and dW holds anything; pack.c keeps that of W and Wᵀ at 0, so it never meets a result.
// A last layer with few outputs ("thin") is taken as dot products along the features instead.
// Where a relu made enough of a tile 0, products of its outputs, and of gradients that flow into it, skip that (active.h).
// The tile's activations (64 samples) stay in the first two caches from the forward pass to the end of the backward one.
#include "thin.h"

INLINE int is_plain_relu(const Problem *p, const Layer *l) {
  return p->activation == RELU && l->normalised < 0 && !l->has_skip;
}

INLINE void product(const Gemm *g, const Form form) {
  if (g->active.words) gemm_active(g, form);
  else gemm(g, form);
}

// Z of layer l, or relu(Z), where its activations lie.
static void forward_product(const Pass *pass, const Layer *l, const Input *in, int is_relu) {
  const Gemm g = {.a = in->h,
                  .row_step = in->leading,
                  .depth_step = 1,
                  .b = pass->packed + l->packed,
                  .ldb = PAIR,
                  .pair_step = l->rows * PAIR,
                  .c = pass->tile + l->activation,
                  .ldc = l->leading,
                  .rows = pass->rows,
                  .vectors = l->vectors,
                  .depth = l->rows,
                  .active = in->by_sample};
  if (is_relu) product(&g, (Form){STORE_RELU, UNIT_DEPTH_STEP, 0});
  else product(&g, (Form){STORE, UNIT_DEPTH_STEP, 0});
}

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

static void forward_hidden(const Pass *pass, int index) {
  const Problem *p = pass->p;
  const Layer *l = &p->layers[index];
  const Input in = input_of(pass, index);
  real *a = pass->tile + l->activation, *out = pass->tile + l->output;
  forward_product(pass, l, &in, p->activation == RELU);
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
        store(out + s * l->leading + i, load(a + s * l->leading + i) + load(in.h + s * in.leading + i));
  if (p->has_bias)
    for (int s = 0; s < pass->rows; s++) out[s * l->leading + l->fan_out] = 1;
  mark_active(pass, index);
}

// Outputs of the last layer, (out_dim, tile_samples) float64.
static void forward_output(const Pass *pass, int index) {
  const Layer *l = &pass->p->layers[index];
  const Input in = input_of(pass, index);
  if (pass->p->is_thin) {
    thin_output(pass, l, &in);
    return;
  }
  const int size = pass->p->tile_samples;
  const real *z = pass->tile + l->activation;
  forward_product(pass, l, &in, 0);
  for (int s = 0; s < pass->count; s++)
    for (int o = 0; o < l->fan_out; o++) pass->scratch->outputs[o * size + s] = z[s * l->leading + o];
}

// dZ of layer `index` and its input → gradient of its weights and, where flow->c is set, of its input.
static void backward_layer(const Pass *pass, int index, const real *dz, const Flow *flow) {
  const Layer *l = &pass->p->layers[index];
  const Input in = input_of(pass, index);
  const Gemm weights = {.a = in.h,
                        .row_step = 1,
                        .depth_step = in.leading,
                        .b = dz,
                        .ldb = l->leading,
                        .pair_step = PAIR,
                        .c = pass->partial + l->gradient,
                        .ldc = l->vectors * LANES,
                        .rows = l->rows,
                        .vectors = l->vectors,
                        .depth = pass->count,
                        .active = in.by_unit};
  product(&weights, (Form){ADD, UNIT_ROW_STEP, 1});
  if (!flow->out) return;
  const Gemm back = {.a = dz,
                     .row_step = l->leading,
                     .depth_step = 1,
                     .b = pass->packed + l->transposed,
                     .ldb = PAIR,
                     .pair_step = l->fan_out * PAIR,
                     .c = flow->out,
                     .ldc = flow->leading,
                     .rows = pass->rows,
                     .vectors = flow->vectors,
                     .depth = l->fan_out,
                     .gate = flow->gate,
                     .active = active_by_sample(pass, index)};
  if (flow->gate) product(&back, (Form){STORE_GATED, UNIT_DEPTH_STEP, 0});
  else product(&back, (Form){STORE, UNIT_DEPTH_STEP, 0});
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

static Flow flow_into(const Pass *pass, int index, real *out) {
  const Problem *p = pass->p;
  if (index == 0) return (Flow){0};
  const Layer *below = &p->layers[index - 1];
  const int is_gated = is_plain_relu(p, below) && !p->layers[index].has_skip;
  return (Flow){.out = out,
                .gate = is_gated ? pass->tile + below->activation : 0,
                .leading = below->leading,
                .vectors = below->vectors};
}

static void add_skip(const Pass *pass, const Layer *l, const real *delta, const Flow *flow) {
  for (int s = 0; s < pass->rows; s++)
    for (int i = 0; i < flow->vectors * LANES; i += LANES) {
      real *out = flow->out + s * flow->leading + i;
      store(out, load(out) + load(delta + s * l->leading + i));
    }
}

static void backward(const Pass *pass) {
  const Problem *p = pass->p;
  real *delta = pass->scratch->deltas[0], *next = pass->scratch->deltas[1], *work = pass->scratch->deltas[2];
  int index = p->num_layers - 1;
  const Layer *last = &p->layers[index];
  Flow flow = flow_into(pass, index, next);
  if (p->is_thin) {
    const Input in = input_of(pass, index);
    thin_back(pass, last, &in, &flow);
  } else {
    for (int s = 0; s < pass->rows; s++)
      for (int o = 0; o < last->fan_out; o++)
        delta[s * last->leading + o] = (real)pass->scratch->output_deltas[o * p->tile_samples + s];
    backward_layer(pass, index, delta, &flow);
  }
  while (index-- > 0) {
    real *freed = delta;
    delta = next;
    next = freed;
    const Layer *l = &p->layers[index];
    const real *dz = backward_activation(pass, l, delta, work);
    flow = flow_into(pass, index, next);
    backward_layer(pass, index, dz, &flow);
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
  const Pass pass = {.p = p,
                     .scratch = scratch,
                     .packed = packed,
                     .inputs = NAME(tile_inputs)(p, scratch, tile),
                     .tile = scratch->tile,
                     .partial = partial,
                     .count = tile->count,
                     .rows = round_up(tile->count, MICRO_ROWS)};
  for (int i = 0; i + 1 < p->num_layers; i++) forward_hidden(&pass, i);
  forward_output(&pass, p->num_layers - 1);
  const double terms = (double)tile->total * (p->loss == CROSS_ENTROPY ? 1 : p->out_dim);
  const LossTile loss = {NAME(tile_labels)(p, scratch, tile), tile->count, round_up(tile->count, ALIGNMENT / 4),
                         partial ? 1 / terms : 0};
  const double sum = tile_loss(p, scratch, &loss);
  if (partial) backward(&pass);
  return sum;
}
