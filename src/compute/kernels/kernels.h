// kernels.h — what the kernels share: the problem, scratch memory, the thread pool. Exported functions begin with lh_.
//
// TypeScript allocates every block of memory and passes addresses; the kernels allocate nothing. Arrays of the precision
// are (numChains, stride) with stride = dim rounded up to 64 bytes; entries past dim are never read into a result.
// A network is evaluated tile by tile of samples, in one of two layouts: `wide` has features in the lanes of vectors,
// `narrow` has samples there (src/compute/kernels/wide.c, narrow.c).
#ifndef KERNELS_H
#define KERNELS_H
#include <stddef.h>
#include <stdint.h>

#ifndef VECTOR_BYTES
#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
#endif

#define EXPORT __attribute__((visibility("default")))

#define MAX_BLOCKS 16   // parts that the samples of one chain are split into, at most
#define MAX_THREADS 256 // threads of a pool
#define ALIGNMENT 64    // bytes
#define WORD 64         // bits of a word; samples of a wide tile

// Products that skip zeros (active.h) take this many vectors of C at once; with fewer they would gain nothing.
#define ACTIVE_VECTORS 4
#ifdef __wasm__
#define MOST_ACTIVE_VECTORS 6 // a pointer to each pair of vectors of B: with four, V8 has none left for the rest
#else
#define MOST_ACTIVE_VECTORS 8
#endif

enum { NETWORK, QUADRATIC, MONOMIAL, POWER_SUM };
enum { RELU, TANH, GELU, SIGMOID, IDENTITY };
enum { MSE, T_REGRESSION, BCE, CROSS_ENTROPY };

// One affine layer. Offsets of parameters are into w (−1: absent); the others are in elements of the precision.
typedef struct {
  int fan_in, fan_out, is_hidden, has_skip;
  int weights, biases, scales, shifts;
  int rows;          // fan_in, plus one if there is a bias: its input is the constant 1
  int vectors;       // vectors that hold fan_out numbers
  int input_vectors; // vectors that hold `rows` numbers
  int packed;        // wide: weights in the packed copy (pack.c)
  int transposed;    // wide: their transpose there; −1 where nothing flows back
  int packed_norm;   // wide: scales and shifts there, (2, vectors)
  int gradient;      // wide: in a partial gradient, (rows, vectors); thin output: (fan_out, input_vectors)
  int gradient_norm; // wide: in a partial gradient, (2, vectors)
  int activation;    // in the tile scratch: a = activation(z)
  int derivative;    // da/dz (gelu only)
  int normalised;    // (a − mean)/deviation (layernorm only)
  int deviations;    // 1/deviation of each sample (layernorm only)
  int output;        // h, the input of the next layer: = a unless normalised or skipped
  int leading;       // elements between rows of these arrays
  int active;        // wide, relu: which of `activation` are not 0, in the scratch of that name; −1 where nobody asks
  int active_words;  // words of a sample there
} Layer;

// Memory of one thread.
typedef struct {
  void *packed;    // wide: weights of the chain that this thread evaluates
  void *partials;  // (max_blocks, gradient_size) partial gradients of that chain
  void *tile;      // activations of a tile
  void *deltas[3]; // gradients of activations of a tile
  uint64_t *active; // a layer: (active_words · WORD) words by unit, a bit a sample; (WORD, active_words) by sample
  int *skips_zeros; // (num_layers) whether enough of the tile is 0 there
  void *inputs;    // gathered inputs of a tile of a minibatch
  double *outputs, *labels, *output_deltas; // (out_dim, tile_samples)
  uint32_t *picks;                          // rows of a tile of a minibatch
  double *normals;                          // dim normals, rounded up to a batch
  void *work[4];                            // (stride) vectors of the integrators
  double *closed;                           // (4, full_dim) numbers of the closed forms
  void *full;                               // (2, full_dim) restricted: all parameters, and the gradient there
} Scratch;

struct Pool;

typedef struct {
  int kind, bits, num_chains, first_chain, dim, stride;
  int full_dim, is_restricted; // parameters of the model; dim < full_dim of them vary where it is restricted
  int num_data, in_dim, out_dim, activation, loss, num_layers, has_bias, num_threads;
  uint32_t seed_low, seed_high;
  double df, scale, coefficient;
  int is_narrow, is_thin;            // layout; wide with few outputs, which are taken as dot products
  int tile_samples, num_tiles, max_blocks;
  int input_leading;                 // elements between rows of `inputs`
  int packed_size, gradient_size, tile_size, delta_size, active_size;
  Layer *layers;
  void *inputs;       // all data in tiles: wide (sample, input_leading), narrow (input, tile_samples)
  void *input_rows;   // the same row by row, for minibatches: wide = inputs, narrow (num_data, input_leading)
  double *labels;     // (tile, out_dim, tile_samples)
  double *label_rows; // (num_data, out_dim)
  double *terms;      // curvatures or exponents of a closed form
  void *center;       // (stride)
  int *free;          // (dim) restricted: the parameters that vary
  double *n_beta, *gamma; // (num_chains)
  struct Pool *pool;
  Scratch *scratch; // one a thread
} Problem;

// threads.c
typedef void (*Work)(void *context, int item, int thread);
// Calls work(context, item, thread) once for each item in [0, count); returns when all are done. is_sharing: the items
// may call pool_share.
void pool_run(struct Pool *pool, Work work, void *context, int count, int is_sharing);
// The same from inside an item, for at most 65,535 items: threads that have run out of items help.
void pool_share(struct Pool *pool, int thread, Work work, void *context, int count);

// random.c: values at (seed, purpose, chain, step, index), bit for bit those of src/random.
typedef struct {
  uint32_t seed_low, seed_high, purpose, chain, step;
} Stream;
#define NORMAL_BATCH 128
#define INTEGER_BATCH 256
// Normals at first, first + 1, …; `first` is even; count rounded up to NORMAL_BATCH entries are written.
void random_normals(const Stream *stream, double *out, int first, int count);
// Integers in [0, bound) at first, first + 1, …; `first` is a multiple of 4; INTEGER_BATCH entries are written.
void random_integers(const Stream *stream, uint32_t bound, uint32_t *out, int first);

// The uniform in (0, 1) at one index.
double random_uniform(const Stream *stream, uint32_t index);

// Rows that a chain picks at one step, with replacement. A null pointer to it means all data.
typedef struct {
  Stream stream;
  int count;
} Minibatch;

// losses.c: Σ of the losses of the first `count` samples of scratch->outputs (not divided by n). If factor is not 0,
// scratch->output_deltas ← factor times the gradient of that sum, 0 for samples from count to padded.
typedef struct {
  const double *labels; // (out_dim, tile_samples)
  int count, padded;
  double factor;
} LossTile;
double tile_loss(const Problem *problem, const Scratch *scratch, const LossTile *tile);

// closed-forms.c: loss and gradient (unless null) of w, all float64; work: (2, dim).
double closed_form(const Problem *problem, const double *w, double *gradient, double *work);

// scalars.c: the same elementary functions for one number.
double scalar_exp(double x);
double scalar_log(double x);

// problem.c
// Calls work(context, chain, thread) for every chain, on one thread where `flops` (all chains) would not pay for more.
void run_chains(const Problem *problem, Work work, void *context, double flops);
double gradient_flops(const Problem *problem, int count); // of one loss and gradient over `count` samples, about
int blocks_of(const Problem *problem, int count);         // parts that `count` samples are split into

// One tile of the samples that a chain sees: all data (minibatch null) or a minibatch.
typedef struct {
  const Minibatch *minibatch;
  int total; // samples of all tiles
  int first; // first sample of this tile
  int count;
} Tile;

static inline int round_up(int x, int multiple) { return (x + multiple - 1) / multiple * multiple; }
static inline size_t align(size_t bytes) { return (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1); }
#endif
