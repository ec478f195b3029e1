// pass.h — one tile of samples on its way through a wide network and back: where things lie, and what relus made 0.
#ifndef PASS_H
#define PASS_H
#include "active.h"
#include "network.h"

// Products skip zeros up to this share of numbers that are not 0. At 0.7 to 0.8 both kinds of product take as long.
#define MOST_ACTIVE 0.625

typedef struct {
  const Problem *p;
  Scratch *scratch;
  const real *packed;
  const real *inputs;
  real *tile;    // activations
  real *partial; // gradient, added to
  int count;     // samples
  int rows;      // samples rounded up to MICRO_ROWS
} Pass;

// What layer `index` takes in.
typedef struct {
  const real *h; // (sample, leading)
  int leading;
  Bits by_sample, by_unit;
} Input;

// Where the gradient of a layer's input goes. out: null where nobody wants it; gate: unless null, the relu below, whose
// derivative is part of it.
typedef struct {
  real *out;
  const real *gate; // same layout
  int leading, vectors;
} Flow;

// Whether relu `index` made enough of the tile 0.
static int skips_zeros(const Pass *pass, int index) {
  return pass->p->layers[index].active >= 0 && pass->scratch->skips_zeros[index];
}

// Which of its outputs are not 0: a row of bits a sample.
static Bits active_by_sample(const Pass *pass, int index) {
  const Layer *l = &pass->p->layers[index];
  if (!skips_zeros(pass, index)) return (Bits){0, 0};
  return (Bits){pass->scratch->active + l->active + l->active_words * WORD, l->active_words};
}

// The same, a row of bits a unit.
static Bits active_by_unit(const Pass *pass, int index) {
  if (!skips_zeros(pass, index)) return (Bits){0, 0};
  return (Bits){pass->scratch->active + pass->p->layers[index].active, 1};
}

// Finds out for a layer that is done.
static void mark_active(const Pass *pass, int index) {
  const Layer *l = &pass->p->layers[index];
  if (l->active < 0) return;
  uint64_t *by_unit = pass->scratch->active + l->active, *by_sample = by_unit + l->active_words * WORD;
  const int units = l->fan_out + (pass->p->has_bias && l->output == l->activation);
  const int count = find_active(pass->tile + l->activation, l->leading, pass->rows, units, by_unit);
  pass->scratch->skips_zeros[index] = count <= MOST_ACTIVE * pass->rows * units;
  if (!pass->scratch->skips_zeros[index]) return;
  for (int w = 0; w < l->active_words; w++) transpose_bits(by_unit + w * WORD, by_sample + w, l->active_words);
}

static Input input_of(const Pass *pass, int index) {
  if (index == 0) return (Input){.h = pass->inputs, .leading = pass->p->input_leading};
  const Layer *below = &pass->p->layers[index - 1];
  Input input = {.h = pass->tile + below->output, .leading = below->leading};
  if (below->output != below->activation) return input;
  input.by_sample = active_by_sample(pass, index - 1);
  input.by_unit = active_by_unit(pass, index - 1);
  return input;
}
#endif
