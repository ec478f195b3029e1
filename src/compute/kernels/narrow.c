// narrow.c — loss and gradient of a network over a tile of samples, samples in the lanes of vectors.
//
// Activations (feature, leading): a row holds one feature of all samples of the tile; where the network has biases, row
// fan_out is the constant 1, so that a bias is one more input. Weights are read from w as they lie and broadcast, so
// nothing is packed and nothing padded but the last samples, whose output gradients are 0. Products of the form dW are
// vectors of partial sums over samples, folded at the end of the tile, LANES of them at once.
// Made for layers of a few features, where wide.c would compute mostly padding.
#include "gemm.h"
#include "network.h"

#if VECTOR_BYTES == 64
#define DOT_ROWS 4
#else
#define DOT_ROWS 2 // 16 registers
#endif
#define DOT_COLUMNS 4
#define MAX_DOTS 256 // sums of products that are folded together

typedef struct {
  const Problem *p;
  Scratch *scratch;
  const real *w;
  real *tile;
  real *partial;
  int vectors; // of samples
} Pass;

static void forward_product(const Gemm *g, int is_relu) {
  if (is_relu) gemm(g, (Form){STORE_RELU, UNIT_ROW_STEP, 1});
  else gemm(g, (Form){STORE, UNIT_ROW_STEP, 1});
}

static void backward_product(const Gemm *g) {
  if (g->gate) gemm(g, (Form){STORE_GATED, UNIT_DEPTH_STEP, 1});
  else gemm(g, (Form){STORE, UNIT_DEPTH_STEP, 1});
}

INLINE int is_plain_relu(const Problem *p, const Layer *l) {
  return p->activation == RELU && l->normalised < 0 && !l->has_skip;
}

static Norm norm_of(const Pass *pass, const Layer *l) {
  const int has_gradient = pass->partial != 0;
  return (Norm){.features = l->fan_out,
                .samples = pass->vectors * LANES,
                .leading = l->leading,
                .scales = pass->w + l->scales,
                .shifts = pass->w + l->shifts,
                .a = pass->tile + l->activation,
                .normalised = pass->tile + l->normalised,
                .output = pass->tile + l->output,
                .deviations = pass->tile + l->deviations,
                .scale_gradients = has_gradient ? pass->partial + l->scales : 0,
                .shift_gradients = has_gradient ? pass->partial + l->shifts : 0};
}

static void forward_layer(const Pass *pass, const Layer *l, const real *h) {
  const Problem *p = pass->p;
  const int is_relu = l->is_hidden && p->activation == RELU;
  real *a = pass->tile + l->activation, *out = pass->tile + l->output;
  const Gemm product = {.a = pass->w + l->weights,
                        .row_step = 1,
                        .depth_step = l->fan_out,
                        .b = h,
                        .ldb = l->leading,
                        .pair_step = PAIR,
                        .c = a,
                        .ldc = l->leading,
                        .rows = l->fan_out,
                        .vectors = pass->vectors,
                        .depth = l->rows};
  forward_product(&product, is_relu);
  if (!l->is_hidden) return;
  const Shape shape = {l->fan_out, pass->vectors, l->leading};
  if (!is_relu && p->activation != IDENTITY) NAME(activate)(p->activation, a, pass->tile + l->derivative, shape);
  if (l->normalised >= 0) {
    const Norm norm = norm_of(pass, l);
    NAME(normalise_narrow)(&norm);
    a = out;
  }
  for (int i = 0; i < l->fan_out && l->has_skip; i++)
    for (int s = i * l->leading; s < i * l->leading + pass->vectors * LANES; s += LANES)
      store(out + s, load(a + s) + load(h + s));
}

// sums[i·columns + j] ← Σ over samples of h_i·dz_j, still one partial sum a lane.
INLINE void dot_block(const Pass *pass, const real *h, const real *dz, const int rows, const int columns,
                      int leading, vector *sums, int stride) {
  vector acc[DOT_ROWS][DOT_COLUMNS];
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++) acc[i][j] = (vector){0};
  for (int s = 0; s < pass->vectors * LANES; s += LANES) {
    vector d[DOT_COLUMNS];
    for (int j = 0; j < columns; j++) d[j] = load_once(dz + j * leading + s);
    for (int i = 0; i < rows; i++) {
      const vector x = load_once(h + i * leading + s);
      for (int j = 0; j < columns; j++) acc[i][j] += x * d[j];
    }
  }
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++) sums[i * stride + j] = acc[i][j];
}

#define DOT_CASE(r, c) \
  case r * 8 + c: dot_block(pass, hi, dj, r, c, l->leading, out, l->fan_out); break;

// One block of at most DOT_ROWS × DOT_COLUMNS sums.
static void dots(const Pass *pass, const Layer *l, const real *hi, const real *dj, int shape, vector *out) {
  switch (shape) {
    DOT_CASE(1, 1) DOT_CASE(1, 2) DOT_CASE(1, 3) DOT_CASE(1, 4)
    DOT_CASE(2, 1) DOT_CASE(2, 2) DOT_CASE(2, 3) DOT_CASE(2, 4)
#if DOT_ROWS == 4
    DOT_CASE(3, 1) DOT_CASE(3, 2) DOT_CASE(3, 3) DOT_CASE(3, 4)
    DOT_CASE(4, 1) DOT_CASE(4, 2) DOT_CASE(4, 3) DOT_CASE(4, 4)
#endif
    default: break;
  }
}

// gradient of the weights (and biases, which follow them) of layer l += H·dZᵀ.
static void weight_gradient(const Pass *pass, const Layer *l, const real *h, const real *dz) {
  vector sums[MAX_DOTS + LANES];
  const int fan_out = l->fan_out; // at most MAX_DOTS / DOT_ROWS, see problem.c
  const int rows_at_once = MAX_DOTS / fan_out / DOT_ROWS * DOT_ROWS;
  for (int first = 0; first < l->rows; first += rows_at_once) {
    const int rows = l->rows - first < rows_at_once ? l->rows - first : rows_at_once;
    for (int i = 0; i < rows; i += DOT_ROWS)
      for (int j = 0; j < fan_out; j += DOT_COLUMNS) {
        const int r = rows - i < DOT_ROWS ? rows - i : DOT_ROWS;
        const int c = fan_out - j < DOT_COLUMNS ? fan_out - j : DOT_COLUMNS;
        dots(pass, l, h + (first + i) * l->leading, dz + j * l->leading, r * 8 + c, sums + i * fan_out + j);
      }
    const int count = rows * fan_out;
    real *gradient = pass->partial + l->weights + first * fan_out;
    for (int i = 0; i < count; i += LANES) {
      // Whole vectors: the entries past the layer get 0 (problem.c leaves a vector of room at the end).
      const vector folded = (vector)(first_lanes(count - i) & (mask)sum_each(sums + i));
      store(gradient + i, load(gradient + i) + folded);
    }
  }
}

// Gradient of the input of layer l, gated by the relu below if `gate` is set.
static void input_gradient(const Pass *pass, const Layer *l, const real *dz, const real *gate, real *out) {
  const Gemm product = {.a = pass->w + l->weights,
                        .row_step = l->fan_out,
                        .depth_step = 1,
                        .b = dz,
                        .ldb = l->leading,
                        .pair_step = PAIR,
                        .c = out,
                        .ldc = l->leading,
                        .rows = l->fan_in,
                        .vectors = pass->vectors,
                        .depth = l->fan_out,
                        .gate = gate};
  backward_product(&product);
}

static real *backward_activation(const Pass *pass, const Layer *l, real *delta, real *work) {
  real *dz = delta;
  if (l->has_skip) {
    dz = work;
    for (int i = 0; i < l->fan_out; i++)
      for (int s = i * l->leading; s < i * l->leading + pass->vectors * LANES; s += LANES)
        store(dz + s, load(delta + s));
  }
  if (l->normalised >= 0) {
    Norm norm = norm_of(pass, l);
    norm.delta = dz;
    NAME(normalise_narrow_back)(&norm);
  }
  if (!is_plain_relu(pass->p, l))
    NAME(multiply_derivative)
    (pass->p->activation, pass->tile + l->activation, pass->tile + l->derivative, dz,
     (Shape){l->fan_out, pass->vectors, l->leading});
  return dz;
}

static void backward(const Pass *pass, const real *inputs) {
  const Problem *p = pass->p;
  real *delta = pass->scratch->deltas[0], *next = pass->scratch->deltas[1], *work = pass->scratch->deltas[2];
  const int size = p->tile_samples;
  for (int o = 0; o < p->out_dim; o++)
    for (int s = 0; s < pass->vectors * LANES; s++)
      delta[o * size + s] = (real)pass->scratch->output_deltas[o * size + s];
  for (int index = p->num_layers - 1; index >= 0; index--) {
    const Layer *l = &p->layers[index];
    const Layer *below = index > 0 ? l - 1 : 0;
    const real *h = below ? pass->tile + below->output : inputs;
    const real *dz = l->is_hidden ? backward_activation(pass, l, delta, work) : delta;
    weight_gradient(pass, l, h, dz);
    if (!below) return;
    const int is_gated = is_plain_relu(p, below);
    input_gradient(pass, l, dz, is_gated && !l->has_skip ? pass->tile + below->activation : 0, next);
    if (l->has_skip) {
      for (int i = 0; i < l->fan_in; i++)
        for (int s = i * size; s < i * size + pass->vectors * LANES; s += LANES)
          store(next + s, load(next + s) + load(delta + s));
      if (is_gated)
        NAME(multiply_derivative)
        (RELU, pass->tile + below->activation, 0, next, (Shape){l->fan_in, pass->vectors, size});
    }
    real *freed = delta;
    delta = next;
    next = freed;
  }
}

double NAME(narrow_tile)(const Problem *p, Scratch *scratch, const real *w, const Tile *tile, real *partial) {
  const Pass pass = {p, scratch, w, scratch->tile, partial, round_up(tile->count, LANES) / LANES};
  const int padded = pass.vectors * LANES, size = p->tile_samples;
  const real *inputs = NAME(tile_inputs)(p, scratch, tile);
  const real *h = inputs;
  for (int i = 0; i < p->num_layers; i++) {
    forward_layer(&pass, &p->layers[i], h);
    h = pass.tile + p->layers[i].output;
  }
  for (int o = 0; o < p->out_dim; o++)
    for (int s = 0; s < padded; s++) scratch->outputs[o * size + s] = h[o * size + s];
  const double terms = (double)tile->total * (p->loss == CROSS_ENTROPY ? 1 : p->out_dim);
  const LossTile loss = {NAME(tile_labels)(p, scratch, tile), tile->count, padded, partial ? 1 / terms : 0};
  const double sum = tile_loss(p, scratch, &loss);
  if (partial) backward(&pass, inputs);
  return sum;
}
