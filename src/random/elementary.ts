/**
 * Logarithm, exponential, and sine and cosine of a turn, as fixed sequences of IEEE 754 double operations
 * (+ − × ÷ and bit patterns; no fused multiply-add). Any language that repeats the sequence gets the same bits, so
 * random normals agree between backends and machines. `Math.log` and its like promise no such thing.
 *
 * Each coefficient is written in decimal with its bits beside it. Polynomials are the minimax fits (Remez, 240 bits,
 * then rounded) stated with each, evaluated by Horner's rule from the highest power: p = c6; p = c5 + z·p; … .
 * The kernels' C repeats the numbered steps below. Error: at most 1.5 ulp in the stated ranges (test: < 2 ulp).
 */

const double = new Float64Array(1);
const word = new Int32Array(double.buffer);
/** Index of the word with sign and exponent: 1 on little-endian machines. */
const HIGH = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** log 2 = ln2High + ln2Low; the high part ends in 21 zero bits, so that k·ln2High is exact for |k| < 2²¹. */
const ln2High = 0.6931471803691238; // 0x3fe62e42fee00000
const ln2Low = 1.9082149292705877e-10; // 0x3dea39ef35793c76

/** L(z): log((1 + s)/(1 − s)) = 2s + s·z·L(z) with z = s², |s| ≤ (√2 − 1)/(√2 + 1); relative error 2⁻⁵⁹. */
const L0 = 0.6666666666666734; // 0x3fe5555555555592
const L1 = 0.3999999999941432; // 0x3fd999999997fd77
const L2 = 0.28571428742474725; // 0x3fd24924941f4f9a
const L3 = 0.22222198563497944; // 0x3fcc71c5206090c9
const L4 = 0.18183564866130517; // 0x3fc74663fa1fa5f3
const L5 = 0.15314035847062213; // 0x3fc39a1a6faa1df0
const L6 = 0.14796105340634175; // 0x3fc2f06346bb2116

/**
 * log x for a positive, normal, finite x (2⁻¹⁰²² ≤ x < ∞); anything else gives no meaningful number.
 *
 * 1. With the 64 bits of x as an integer X: T = X − 0x3fe6a09e00000000; k = T >> 52 (arithmetic shift);
 *    m = the double with bits X − (T & 0xfff0000000000000), so that x = 2^k·m, m ∈ [√½, √2).
 * 2. f = m − 1 (exact); s = f / (2 + f); z = s·s.
 * 3. R = z·(L0 + z·(L1 + z·(L2 + z·(L3 + z·(L4 + z·(L5 + z·L6)))))).
 * 4. result = k·ln2High + (f − (s·(f − R) − k·ln2Low)).
 */
export const naturalLog = (x: number): number => {
  double[0] = x;
  const high = word[HIGH];
  const t = (high - 0x3fe6a09e) | 0;
  const k = t >> 20;
  word[HIGH] = high - (t & 0xfff00000);
  const f = double[0] - 1;
  const s = f / (2 + f);
  const z = s * s;
  const r = z * (L0 + z * (L1 + z * (L2 + z * (L3 + z * (L4 + z * (L5 + z * L6))))));
  return k * ln2High + (f - (s * (f - r) - k * ln2Low));
};

const inverseLn2 = 1.4426950408889634; // 0x3ff71547652b82fe

/** 1.5·2⁵²: (x + round) − round is x rounded to the nearest integer (ties to even) for |x| < 2⁵¹. */
const round = 6755399441055744; // 0x4338000000000000

/** E(r): e^r = 1 + r + r²·E(r) for |r| ≤ ½ log 2; absolute error 2⁻⁵⁸. */
const E0 = 0.5000000000000012; // 0x3fe000000000000b
const E1 = 0.166666666666667; // 0x3fc5555555555561
const E2 = 0.04166666666651542; // 0x3fa5555555550030
const E3 = 0.008333333333307196; // 0x3f8111111110d636
const E4 = 0.001388888894701605; // 0x3f56c16c185a74ac
const E5 = 0.00019841269917407112; // 0x3f2a01a01bae3d79
const E6 = 2.4801489942188147e-5; // 0x3efa0199693ddf24
const E7 = 2.7557216275159874e-6; // 0x3ec71dddfc768ae4
const E8 = 2.7631280314219674e-7; // 0x3e928b048f513591
const E9 = 2.5117870529417005e-8; // 0x3e5af859016d2e86

/**
 * e^x for |x| ≤ 708, where the result is a normal number; clamped to that range outside (NaN gives NaN).
 *
 * 1. k = (x·inverseLn2 + round) − round; r = (x − k·ln2High) − k·ln2Low.
 * 2. P = r·r·(E0 + r·(E1 + … + r·E9)); y = 1 + (r + P).
 * 3. result = y·2^k: k is added to the exponent field of y.
 */
export const exponential = (x: number): number => {
  if (Number.isNaN(x)) return x;
  const clamped = Math.min(708, Math.max(-708, x));
  const k = clamped * inverseLn2 + round - round;
  const r = clamped - k * ln2High - k * ln2Low;
  const high = E4 + r * (E5 + r * (E6 + r * (E7 + r * (E8 + r * E9))));
  const p = r * r * (E0 + r * (E1 + r * (E2 + r * (E3 + r * high))));
  double[0] = 1 + (r + p);
  word[HIGH] = word[HIGH] + k * 0x100000;
  return double[0];
};

const twoPi = 6.283185307179586; // 0x401921fb54442d18

/** S(w): sin 2πr = r·(2π + w·S(w)) with w = r², |r| ≤ 1/8; relative error 2⁻⁵⁸. */
const S0 = -41.34170224039968; // 0xc044abbce625be47
const S1 = 81.60524927596823; // 0x405466bc67758d85
const S2 = -76.7058597087849; // 0xc0532d2cce3332e5
const S3 = 42.058685506775085; // 0x4045078301b62c91
const S4 = -15.093829323665917; // 0xc02e300a65a91a11
const S5 = 3.7813664251035024; // 0x400e403d0a501887

/** C(w): cos 2πr = 1 + w·C(w) with w = r², |r| ≤ 1/8; absolute error 2⁻⁶⁴. */
const C0 = -19.739208802178716; // 0xc033bd3cc9be45de
const C1 = 64.93939402266801; // 0x40503c1f081b5ab0
const C2 = -85.45681720654005; // 0xc0555d3c7e3c95bc
const C3 = 60.24464133161158; // 0x404e1f50683b42c5
const C4 = -26.42625114042031; // 0xc03a6d1ecb73fce9
const C5 = 7.903101637533337; // 0x401f9cc6acf8adcd
const C6 = -1.6970200709115026; // 0xbffb26fe84938730

/** r·(twoPi + w·(S0 + w·(S1 + … + w·S5))), w = r·r. */
const sineNearZero = (r: number): number => {
  const w = r * r;
  return r * (twoPi + w * (S0 + w * (S1 + w * (S2 + w * (S3 + w * (S4 + w * S5))))));
};

/** 1 + w·(C0 + w·(C1 + … + w·C6)), w = r·r. */
const cosineNearZero = (r: number): number => {
  const w = r * r;
  return 1 + w * (C0 + w * (C1 + w * (C2 + w * (C3 + w * (C4 + w * (C5 + w * C6))))));
};

/**
 * sin 2πt for |t| < 2²⁰ turns.
 *
 * 1. q = (4·t + round) − round; r = t − 0.25·q (exact), |r| ≤ 1/8.
 * 2. q mod 4 = 0: sineNearZero(r); 1: cosineNearZero(r); 2: −sineNearZero(r); 3: −cosineNearZero(r).
 */
export const sineOfTurn = (t: number): number => {
  const q = 4 * t + round - round;
  const r = t - 0.25 * q;
  const value = (q & 1) === 0 ? sineNearZero(r) : cosineNearZero(r);
  return (q & 2) === 0 ? value : -value;
};

/**
 * cos 2πt for |t| < 2²⁰ turns.
 *
 * 1. as in `sineOfTurn`.
 * 2. q mod 4 = 0: cosineNearZero(r); 1: −sineNearZero(r); 2: −cosineNearZero(r); 3: sineNearZero(r).
 */
export const cosineOfTurn = (t: number): number => {
  const q = 4 * t + round - round;
  const r = t - 0.25 * q;
  const value = (q & 1) === 0 ? cosineNearZero(r) : sineNearZero(r);
  return ((q + 1) & 2) === 0 ? value : -value;
};
