// random.c — Philox4x32-10 and Box–Muller normals, the same bits as src/random/{philox,uniform,normal,elementary}.ts.
//
// Compiled with -ffp-contract=off: every line is one IEEE operation after the other, as the TypeScript does it.
// Loops run over batches of 64 blocks (128 normals) without branches, so that the compiler turns them into vectors.
// Source: Salmon et al. (2011); Box & Muller (1958). Step numbers refer to elementary.ts.

#include "kernels.h"

#define BLOCKS (NORMAL_BATCH / 2)

typedef struct {
  uint32_t x0[BLOCKS], x1[BLOCKS], x2[BLOCKS], x3[BLOCKS];
} Words;

#define ROUND_ONCE                                          \
  {                                                         \
    const uint64_t p0 = (uint64_t)x0 * 0xd2511f53u;         \
    const uint64_t p1 = (uint64_t)x2 * 0xcd9e8d57u;         \
    x0 = (uint32_t)(p1 >> 32) ^ x1 ^ k0;                    \
    x1 = (uint32_t)p1;                                      \
    x2 = (uint32_t)(p0 >> 32) ^ x3 ^ k1;                    \
    x3 = (uint32_t)p0;                                      \
    k0 += 0x9e3779b9u;                                      \
    k1 += 0xbb67ae85u;                                      \
  }

static void philox_batch(const Stream *s, uint32_t first_block, Words *w) {
  const uint32_t key0 = s->seed_low, key1 = s->seed_high, step = s->step, chain = s->chain, purpose = s->purpose;
  for (int b = 0; b < BLOCKS; b++) {
    uint32_t x0 = first_block + (uint32_t)b, x1 = step, x2 = chain, x3 = purpose;
    uint32_t k0 = key0, k1 = key1;
    ROUND_ONCE ROUND_ONCE ROUND_ONCE ROUND_ONCE ROUND_ONCE
    ROUND_ONCE ROUND_ONCE ROUND_ONCE ROUND_ONCE ROUND_ONCE
    w->x0[b] = x0;
    w->x1[b] = x1;
    w->x2[b] = x2;
    w->x3[b] = x3;
  }
}

static inline double double_of(uint64_t bits) {
  double x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}
static inline uint64_t bits_of(double x) {
  uint64_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
}

// m + ½ scaled by 2⁻⁵²; m < 2⁵² enters through the mantissa of 2⁵², exactly.
static inline double uniform_of(uint32_t a, uint32_t b) {
  const uint64_t m = ((uint64_t)a << 20) | (b >> 12);
  return (double_of(m | 0x4330000000000000u) - 4503599627370496.0 + 0.5) * 0x1p-52;
}

static inline double natural_log(double x) {
  const uint64_t bits = bits_of(x);
  const uint64_t t = bits - 0x3fe6a09e00000000u;
  // k = t >> 52 with sign, made a double through the mantissa of 1.5·2⁵²: exact.
  const uint64_t k_biased = (t + 0x4000000000000000u) >> 52; // k + 1024
  const double k = double_of(k_biased | 0x4338000000000000u) - 6755399441055744.0 - 1024.0;
  const double f = double_of(bits - (t & 0xfff0000000000000u)) - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  double r = 0.18183564866130517 + z * (0.15314035847062213 + z * 0.14796105340634175);
  r = z * (0.6666666666666734 + z * (0.3999999999941432 + z * (0.28571428742474725 + z * (0.22222198563497944 + z * r))));
  return k * 0.6931471803691238 + (f - (s * (f - r) - k * 1.9082149292705877e-10));
}

#define TURN_SINE(r, w)                                                                                               \
  ((r) *                                                                                                              \
   (6.283185307179586 +                                                                                               \
    (w) * (-41.34170224039968 +                                                                                       \
           (w) * (81.60524927596823 +                                                                                 \
                  (w) * (-76.7058597087849 +                                                                          \
                         (w) * (42.058685506775085 + (w) * (-15.093829323665917 + (w) * 3.7813664251035024)))))))
#define TURN_COSINE(w)                                                                                                \
  (1.0 +                                                                                                              \
   (w) *                                                                                                              \
       (-19.739208802178716 +                                                                                         \
        (w) * (64.93939402266801 +                                                                                    \
               (w) * (-85.45681720654005 +                                                                            \
                      (w) * (60.24464133161158 +                                                                      \
                             (w) * (-26.42625114042031 + (w) * (7.903101637533337 + (w) * -1.6970200709115026)))))))

// 128 normals from 64 blocks of words.
static void normals_of(const Words *words, double *restrict out) {
  double radius[BLOCKS], cosine[BLOCKS], sine[BLOCKS];
  for (int b = 0; b < BLOCKS; b++)
    radius[b] = __builtin_sqrt(-2.0 * natural_log(uniform_of(words->x0[b], words->x1[b])));
  for (int b = 0; b < BLOCKS; b++) {
    const double t = uniform_of(words->x2[b], words->x3[b]);
    const double shifted = 4.0 * t + 6755399441055744.0;
    const double r = t - 0.25 * (shifted - 6755399441055744.0);
    const uint64_t quarter = bits_of(shifted); // q in the low bits
    const double w = r * r;
    const uint64_t near_sine = bits_of(TURN_SINE(r, w)), near_cosine = bits_of(TURN_COSINE(w));
    const uint64_t is_odd = 0 - (quarter & 1);
    const uint64_t sine_bits = (near_cosine & is_odd) | (near_sine & ~is_odd);
    const uint64_t cosine_bits = (near_sine & is_odd) | (near_cosine & ~is_odd);
    sine[b] = double_of(sine_bits ^ ((quarter & 2) << 62));
    cosine[b] = double_of(cosine_bits ^ (((quarter + 1) & 2) << 62));
  }
  for (int b = 0; b < BLOCKS; b++) {
    out[2 * b] = radius[b] * cosine[b];
    out[2 * b + 1] = radius[b] * sine[b];
  }
}

void random_normals(const Stream *stream, double *out, int first, int count) {
  Words words;
  for (int i = 0; i < count; i += NORMAL_BATCH) {
    philox_batch(stream, (uint32_t)((first + i) / 2), &words);
    normals_of(&words, out + i);
  }
}

void random_integers(const Stream *stream, uint32_t bound, uint32_t *out, int first) {
  Words words;
  philox_batch(stream, (uint32_t)(first / 4), &words);
  for (int b = 0; b < BLOCKS; b++) {
    out[4 * b] = (uint32_t)(((uint64_t)words.x0[b] * bound) >> 32);
    out[4 * b + 1] = (uint32_t)(((uint64_t)words.x1[b] * bound) >> 32);
    out[4 * b + 2] = (uint32_t)(((uint64_t)words.x2[b] * bound) >> 32);
    out[4 * b + 3] = (uint32_t)(((uint64_t)words.x3[b] * bound) >> 32);
  }
}

// One number of a stream: `index` 2b is words (0, 1) of block b, 2b + 1 its words (2, 3).
double random_uniform(const Stream *s, uint32_t index) {
  uint32_t x0 = index / 2, x1 = s->step, x2 = s->chain, x3 = s->purpose;
  uint32_t k0 = s->seed_low, k1 = s->seed_high;
  ROUND_ONCE ROUND_ONCE ROUND_ONCE ROUND_ONCE ROUND_ONCE
  ROUND_ONCE ROUND_ONCE ROUND_ONCE ROUND_ONCE ROUND_ONCE
  return index % 2 == 0 ? uniform_of(x0, x1) : uniform_of(x2, x3);
}
