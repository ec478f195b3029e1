// gather.c — inputs and labels of one tile, read in place (all data) or gathered row by row (minibatch).
//
// Layouts as in Problem: wide inputs (sample, input_leading), narrow inputs (input, tile_samples); a bias adds one input
// that is 1. Labels (out_dim, tile_samples). Samples past the tile's count are 0 (all data) or left over (minibatch):
// losses mask them.

#include "network.h"

// Rows of the tile's samples; narrow tiles hold up to 512 samples, several batches of integers.
static void pick_rows(const Problem *p, Scratch *scratch, const Tile *tile) {
  for (int s = 0; s < tile->count; s += INTEGER_BATCH)
    random_integers(&tile->minibatch->stream, (uint32_t)p->num_data, scratch->picks + s, tile->first + s);
}

const real *NAME(tile_inputs)(const Problem *p, Scratch *scratch, const Tile *tile) {
  const int size = p->tile_samples;
  if (!tile->minibatch) {
    const size_t rows = p->is_narrow ? (size_t)(p->in_dim + p->has_bias) : (size_t)p->input_leading;
    return (const real *)p->inputs + (size_t)tile->first * rows;
  }
  pick_rows(p, scratch, tile);
  const real *rows = p->input_rows;
  real *out = scratch->inputs;
  for (int s = 0; s < tile->count; s++) {
    const real *row = rows + (size_t)scratch->picks[s] * (size_t)p->input_leading;
    if (p->is_narrow)
      for (int i = 0; i < p->in_dim; i++) out[i * size + s] = row[i];
    else
      __builtin_memcpy(out + (size_t)s * (size_t)p->input_leading, row, (size_t)p->input_leading * sizeof(real));
  }
  return out;
}

const double *NAME(tile_labels)(const Problem *p, Scratch *scratch, const Tile *tile) {
  if (!tile->minibatch) return p->labels + (size_t)tile->first * (size_t)p->out_dim;
  for (int s = 0; s < tile->count; s++)
    for (int o = 0; o < p->out_dim; o++)
      scratch->labels[o * p->tile_samples + s] =
          p->label_rows[(size_t)scratch->picks[s] * (size_t)p->out_dim + (size_t)o];
  return scratch->labels;
}
