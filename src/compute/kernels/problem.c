// problem.c — lays out a problem in one block of memory: layers, data in the kernels' order, scratch of every thread.
//
// lh_problem_open is called twice: without memory it measures, with that many zeroed bytes (64-byte aligned) it fills.
// spec (int32): the fields named in SPEC, LAYER_FIELDS a layer, then, where fewer parameters vary than the model has, their
// indices; numbers (float64): df, scale, coefficient, terms, then the values of all parameters where some are fixed.
#include "kernels.h"

enum {
  KIND, BITS, NUM_CHAINS, FIRST_CHAIN, DIM, NUM_DATA, IN_DIM, OUT_DIM, ACTIVATION, LOSS, NUM_LAYERS, HAS_BIAS,
  HAS_LAYERNORM, NUM_THREADS, SEED_LOW, SEED_HIGH, FULL_DIM, SPEC_FIELDS
};
#define LAYER_FIELDS 8 // fan_in, fan_out, is_hidden, has_skip, weights, biases, scales, shifts

#define SMALLEST_NARROW_TILE 64
#define LARGEST_NARROW_TILE 512
#define NARROW_TILE_BYTES 98304 // activations of a tile should fit in the second cache with room to spare
#define NARROW_WORK 1.3         // cost of a product in narrow.c against one in wide.c, padding apart
#define LARGEST_NARROW_WIDTH 64
#define WIDE_BLOCK_FLOPS 16e6 // a block should take long enough (50 µs) to be worth handing to another thread
#define NARROW_BLOCK_FLOPS 4e6
#define PARTIAL_BYTES (64 << 20) // partial gradients of a thread: a large network is split into fewer blocks
#define SERIAL_FLOPS 1e6 // some 10 µs: less does not pay for waking a thread

// Carves pieces from a block; with base null it only counts.
typedef struct {
  char *base;
  size_t used;
} Arena;

static void *take(Arena *arena, size_t bytes) {
  void *piece = arena->base ? arena->base + arena->used : 0;
  arena->used += align(bytes);
  return piece;
}

static int lanes_of(const Problem *p) { return VECTOR_BYTES * 8 / p->bits; }
static size_t element(const Problem *p) { return (size_t)p->bits / 8; }

static void set_element(const Problem *p, void *array, size_t index, double value) {
  if (p->bits == 32) ((float *)array)[index] = (float)value;
  else ((double *)array)[index] = value;
}

double gradient_flops(const Problem *p, int count) {
  return p->kind == NETWORK ? 6.0 * p->full_dim * count : 20.0 * p->full_dim;
}

int blocks_of(const Problem *p, int count) {
  const double blocks = gradient_flops(p, count) / (p->is_narrow ? NARROW_BLOCK_FLOPS : WIDE_BLOCK_FLOPS);
  const int tiles = (count + p->tile_samples - 1) / p->tile_samples;
  const int limit = tiles < p->max_blocks ? tiles : p->max_blocks;
  return blocks < 1 ? 1 : blocks > limit ? limit : (int)blocks;
}

void run_chains(const Problem *p, Work work, void *context, double flops) {
  if (flops < SERIAL_FLOPS) {
    for (int chain = 0; chain < p->num_chains; chain++) work(context, chain, 0);
    return;
  }
  const int is_sharing = p->kind == NETWORK && blocks_of(p, p->num_data) > 1;
  pool_run(p->pool, work, context, p->num_chains, is_sharing);
}

static void read_layers(const Problem *p, const int32_t *spec, Layer *layers) {
  for (int i = 0; i < p->num_layers; i++) {
    const int32_t *s = spec + SPEC_FIELDS + i * LAYER_FIELDS;
    const int rows = s[0] + p->has_bias;
    layers[i] = (Layer){.fan_in = s[0], .fan_out = s[1], .is_hidden = s[2], .has_skip = s[3], .weights = s[4],
                        .biases = s[5], .scales = s[6], .shifts = s[7], .rows = rows,
                        .vectors = (s[1] + lanes_of(p) - 1) / lanes_of(p),
                        .input_vectors = (rows + lanes_of(p) - 1) / lanes_of(p), .transposed = -1, .active = -1};
  }
}

// Work of either layout for one sample, in lanes of useful and useless products.
static int prefers_narrow(const Problem *p, const Layer *layers) {
  double narrow = 0, wide = 0;
  for (int i = 0; i < p->num_layers; i++) {
    const Layer *l = &layers[i];
    const int passes = i == 0 ? 2 : 3;
    if (l->fan_out > LARGEST_NARROW_WIDTH) return 0;
    narrow += NARROW_WORK * passes * l->rows * l->fan_out;
    wide += passes * l->rows * l->vectors * lanes_of(p);
  }
  return narrow < wide;
}

// Dot products along the features cost input_vectors (and about 3 for folding) an output; products with W padded to whole
// vectors cost `rows` a vector of outputs.
static int prefers_thin(const Layer *last) {
  return last->fan_out * (last->input_vectors + 3) < last->rows * last->vectors;
}

static int claim(int *size, int count) {
  const int offset = *size;
  *size += round_up(count, ALIGNMENT / 4);
  return offset;
}

static void place_weights(Problem *p, Layer *l, int is_thin_output) {
  const int lanes = lanes_of(p), width = l->vectors * lanes;
  const int thin = l->fan_out * l->input_vectors * lanes;
  l->packed = claim(&p->packed_size, is_thin_output ? thin : l->rows * round_up(width, 2 * lanes));
  l->gradient = claim(&p->gradient_size, is_thin_output ? thin : l->rows * width);
  if (l->weights > 0 && !is_thin_output)
    l->transposed = claim(&p->packed_size, l->fan_out * round_up(l->fan_in, 2 * lanes));
  if (l->scales < 0) return;
  l->packed_norm = claim(&p->packed_size, 2 * width);
  l->gradient_norm = claim(&p->gradient_size, 2 * width);
}

// An odd number of vectors that hold `count` numbers: rows so far apart do not fall on the same cache lines.
static int odd_vectors(const Problem *p, int count) {
  const int vectors = (count + lanes_of(p) - 1) / lanes_of(p);
  return (vectors | 1) * lanes_of(p);
}

static void place_activations(Problem *p, Layer *l, int has_layernorm) {
  const int size = p->tile_samples;
  const int ones = l->is_hidden && p->has_bias;
  l->leading = p->is_narrow ? size : odd_vectors(p, l->fan_out + ones);
  const int count = p->is_narrow ? (l->fan_out + ones) * size : size * l->leading;
  l->activation = claim(&p->tile_size, count);
  l->derivative = l->is_hidden && p->activation == GELU ? claim(&p->tile_size, count) : -1;
  l->normalised = l->is_hidden && has_layernorm ? claim(&p->tile_size, count) : -1;
  l->deviations = l->normalised >= 0 ? claim(&p->tile_size, size) : -1;
  l->output = l->normalised >= 0 || l->has_skip ? claim(&p->tile_size, count) : l->activation;
  if (count > p->delta_size) p->delta_size = count;
}

// Room to mark the zeros of relu `index` of a wide network, where a product that skips them gains anything.
static void place_active(Problem *p, Layer *layers, int index) {
  Layer *l = &layers[index], *next = l + 1;
  if (!l->is_hidden || p->activation != RELU) return;
  const int is_last_thin = p->is_thin && index + 2 == p->num_layers;
  const int is_gain_above = l->output == l->activation && !is_last_thin && next->vectors >= ACTIVE_VECTORS;
  const int is_gain_below = index > 0 && layers[index - 1].vectors >= ACTIVE_VECTORS;
  if (!is_gain_above && !is_gain_below) return;
  l->active_words = (l->fan_out + p->has_bias + WORD - 1) / WORD;
  l->active = claim(&p->active_size, 2 * l->active_words * WORD);
}

static int narrow_tile_samples(const Problem *p, const Layer *layers) {
  size_t bytes = 0; // of one sample: activations, and two gradients of the widest layer
  int widest = 0;
  for (int i = 0; i < p->num_layers; i++) {
    bytes += (size_t)layers[i].fan_out * element(p);
    if (layers[i].fan_out > widest) widest = layers[i].fan_out;
  }
  bytes += (size_t)(2 * widest + p->in_dim) * element(p);
  int size = LARGEST_NARROW_TILE;
  while (size > SMALLEST_NARROW_TILE && (bytes * (size_t)size > NARROW_TILE_BYTES || size / 2 >= p->num_data)) size /= 2;
  return size;
}

static void place_network(Problem *p, Layer *layers, int has_layernorm) {
  p->is_narrow = prefers_narrow(p, layers);
  p->is_thin = !p->is_narrow && prefers_thin(&layers[p->num_layers - 1]);
  p->tile_samples = p->is_narrow ? narrow_tile_samples(p, layers) : WORD;
  p->num_tiles = (p->num_data + p->tile_samples - 1) / p->tile_samples;
  p->input_leading = p->is_narrow ? p->in_dim : round_up(p->in_dim + p->has_bias, lanes_of(p));
  for (int i = 0; i < p->num_layers; i++) {
    if (!p->is_narrow) place_weights(p, &layers[i], p->is_thin && i + 1 == p->num_layers);
    place_activations(p, &layers[i], has_layernorm);
    if (!p->is_narrow) place_active(p, layers, i);
  }
  if (p->is_narrow) p->gradient_size = round_up(p->full_dim + lanes_of(p), ALIGNMENT / 4);
  const size_t blocks = PARTIAL_BYTES / ((size_t)p->gradient_size * element(p));
  p->max_blocks = blocks < 1 ? 1 : blocks > MAX_BLOCKS ? MAX_BLOCKS : (int)blocks;
}

static size_t input_rows_of_tile(const Problem *p) { return (size_t)(p->in_dim + p->has_bias); }

static void fill_inputs(Problem *p, const double *inputs) {
  const size_t in = (size_t)p->in_dim, leading = (size_t)p->input_leading, size = (size_t)p->tile_samples;
  for (size_t s = 0; s < (size_t)p->num_data; s++) {
    const size_t tile = s / size * size * input_rows_of_tile(p);
    for (size_t i = 0; i < in; i++) {
      const double x = inputs[s * in + i];
      set_element(p, p->input_rows, s * leading + i, x);
      if (p->is_narrow) set_element(p, p->inputs, tile + i * size + s % size, x);
    }
    if (!p->has_bias) continue;
    if (p->is_narrow) set_element(p, p->inputs, tile + in * size + s % size, 1);
    else set_element(p, p->input_rows, s * leading + in, 1);
  }
}

static void fill_labels(Problem *p, const double *labels) {
  const size_t out = (size_t)p->out_dim, size = (size_t)p->tile_samples;
  for (size_t s = 0; s < (size_t)p->num_data; s++)
    for (size_t o = 0; o < out; o++) {
      p->label_rows[s * out + o] = labels[s * out + o];
      p->labels[s / size * size * out + o * size + s % size] = labels[s * out + o];
    }
}

// The constant inputs of biases in a narrow network, which no kernel writes.
static void fill_ones(const Problem *p, const Scratch *scratch) {
  if (!p->is_narrow || !p->has_bias) return;
  const size_t size = (size_t)p->tile_samples;
  for (size_t s = 0; s < size; s++) {
    set_element(p, scratch->inputs, (size_t)p->in_dim * size + s, 1);
    for (int i = 0; i + 1 < p->num_layers; i++)
      set_element(p, scratch->tile, (size_t)p->layers[i].output + (size_t)p->layers[i].fan_out * size + s, 1);
  }
}

static void take_scratch(const Problem *p, Arena *arena, Scratch *scratch) {
  const size_t size = (size_t)p->tile_samples, outputs = (size_t)p->out_dim * size * sizeof(double);
  const size_t inputs = size * (p->is_narrow ? input_rows_of_tile(p) : (size_t)p->input_leading);
  Scratch s = {.packed = take(arena, (size_t)p->packed_size * element(p)),
               .partials = take(arena, (size_t)p->max_blocks * (size_t)p->gradient_size * element(p)),
               .tile = take(arena, (size_t)p->tile_size * element(p)),
               .active = take(arena, (size_t)p->active_size * sizeof(uint64_t)),
               .skips_zeros = take(arena, (size_t)p->num_layers * sizeof(int)),
               .inputs = take(arena, inputs * element(p)),
               .outputs = take(arena, outputs),
               .labels = take(arena, outputs),
               .output_deltas = take(arena, outputs),
               .picks = take(arena, (size_t)round_up(p->tile_samples, INTEGER_BATCH) * sizeof(uint32_t)),
               .normals = take(arena, (size_t)round_up(p->dim, NORMAL_BATCH) * sizeof(double)),
               .closed = take(arena, p->kind == NETWORK ? 0 : 4 * (size_t)p->full_dim * sizeof(double)),
               .full = take(arena, p->is_restricted ? 2 * (size_t)p->full_dim * element(p) : 0)};
  for (int i = 0; i < 3; i++) s.deltas[i] = take(arena, (size_t)p->delta_size * element(p));
  for (int i = 0; i < 4; i++) s.work[i] = take(arena, (size_t)p->stride * element(p));
  if (!arena->base) return;
  *scratch = s;
  if (p->kind == NETWORK) fill_ones(p, scratch);
}

// What no evaluation changes: the parameters that do not vary.
static void fill_fixed(const Problem *p, const double *values) {
  for (int t = 0; t < p->num_threads; t++)
    for (int i = 0; i < p->full_dim; i++) set_element(p, p->scratch[t].full, (size_t)i, values[i]);
}

static Problem problem_of(const int32_t *spec, const double *numbers) {
  return (Problem){.kind = spec[KIND], .bits = spec[BITS], .num_chains = spec[NUM_CHAINS],
                   .first_chain = spec[FIRST_CHAIN], .dim = spec[DIM], .full_dim = spec[FULL_DIM],
                   .is_restricted = spec[DIM] < spec[FULL_DIM],
                   .stride = round_up(spec[DIM], ALIGNMENT * 8 / spec[BITS]), .num_data = spec[NUM_DATA],
                   .in_dim = spec[IN_DIM], .out_dim = spec[OUT_DIM], .activation = spec[ACTIVATION],
                   .loss = spec[LOSS], .num_layers = spec[NUM_LAYERS], .has_bias = spec[HAS_BIAS],
                   .num_threads = spec[NUM_THREADS], .seed_low = (uint32_t)spec[SEED_LOW],
                   .seed_high = (uint32_t)spec[SEED_HIGH], .df = numbers[0], .scale = numbers[1],
                   .coefficient = numbers[2]};
}

// Returns the number of bytes that the problem takes.
EXPORT double lh_problem_open(void *memory, struct Pool *pool, const int32_t *spec, const double *numbers,
                              const double *inputs, const double *labels) {
  Arena arena = {memory, 0};
  Problem *target = take(&arena, sizeof(Problem));
  Problem p = problem_of(spec, numbers);
  Layer layers[p.num_layers + 1];
  read_layers(&p, spec, layers);
  if (p.kind == NETWORK) place_network(&p, layers, spec[HAS_LAYERNORM]);
  p.pool = pool;
  p.layers = take(&arena, (size_t)p.num_layers * sizeof(Layer));
  p.scratch = take(&arena, (size_t)p.num_threads * sizeof(Scratch));
  p.center = take(&arena, (size_t)p.stride * element(&p));
  p.n_beta = take(&arena, (size_t)p.num_chains * sizeof(double));
  p.gamma = take(&arena, (size_t)p.num_chains * sizeof(double));
  p.terms = take(&arena, p.kind == NETWORK ? 0 : (size_t)p.full_dim * sizeof(double));
  p.free = take(&arena, p.is_restricted ? (size_t)p.dim * sizeof(int) : 0);
  const size_t rows = (size_t)p.num_tiles * (size_t)p.tile_samples;
  p.input_rows = take(&arena, rows * (size_t)p.input_leading * element(&p));
  p.inputs = p.is_narrow ? take(&arena, rows * input_rows_of_tile(&p) * element(&p)) : p.input_rows;
  p.labels = take(&arena, rows * (size_t)p.out_dim * sizeof(double));
  p.label_rows = take(&arena, (size_t)p.num_data * (size_t)p.out_dim * sizeof(double));
  if (memory) {
    for (int i = 0; i < p.num_layers; i++) p.layers[i] = layers[i];
    if (p.kind == NETWORK) fill_inputs(&p, inputs);
    if (p.kind == NETWORK) fill_labels(&p, labels);
    for (int i = 0; i < p.full_dim && p.kind != NETWORK; i++) p.terms[i] = numbers[3 + i];
    for (int i = 0; i < p.dim && p.is_restricted; i++)
      p.free[i] = spec[SPEC_FIELDS + p.num_layers * LAYER_FIELDS + i];
  }
  for (int i = 0; i < p.num_threads; i++) take_scratch(&p, &arena, memory ? &p.scratch[i] : 0);
  if (memory && p.is_restricted) fill_fixed(&p, numbers + 3 + (p.kind == NETWORK ? 0 : p.full_dim));
  if (memory) *target = p;
  return (double)arena.used;
}

EXPORT void lh_set_potential(Problem *p, const double *center, const double *n_beta, const double *gamma) {
  for (int i = 0; i < p->dim; i++) set_element(p, p->center, (size_t)i, center[i]);
  for (int c = 0; c < p->num_chains; c++) {
    p->n_beta[c] = n_beta[c];
    p->gamma[c] = gamma[c];
  }
}
EXPORT int lh_vector_bytes(void) { return VECTOR_BYTES; }
