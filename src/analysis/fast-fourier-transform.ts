/**
 * Discrete Fourier transform of complex arrays whose length is a power of two, in place.
 *
 * Source: Cooley & Tukey (1965), iterative radix-2 form with bit reversal; twiddle factors are tabulated, not
 * multiplied up, so that the error grows like ε·log2(N).
 */

/** Smallest power of two that is at least `length` (1 for 0). */
export const powerOfTwoAtLeast = (length: number): number => {
  let power = 1;
  while (power < length) power *= 2;
  return power;
};

/**
 * Forward transform X_k = Σ_j x_j·exp(−2πi·jk/N), in place.
 * @param re,im real and imaginary parts, shape (N), N a power of two. Replaced by the transform.
 */
export const fastFourierTransform = (re: Float64Array, im: Float64Array): void => {
  const size = re.length;
  reverseBits(re, im);
  const { cosine, sine } = twiddles(size);
  for (let half = 1; half < size; half *= 2) {
    const stride = size / (2 * half);
    for (let start = 0; start < size; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const wr = cosine[k * stride];
        const wi = -sine[k * stride];
        const i = start + k;
        const j = i + half;
        const tr = re[j] * wr - im[j] * wi;
        const ti = re[j] * wi + im[j] * wr;
        re[j] = re[i] - tr;
        im[j] = im[i] - ti;
        re[i] += tr;
        im[i] += ti;
      }
    }
  }
};

const twiddles = (size: number): { cosine: Float64Array; sine: Float64Array } => {
  const half = size / 2;
  const cosine = new Float64Array(Math.max(half, 1));
  const sine = new Float64Array(Math.max(half, 1));
  for (let k = 0; k < half; k++) {
    cosine[k] = Math.cos((2 * Math.PI * k) / size);
    sine[k] = Math.sin((2 * Math.PI * k) / size);
  }
  return { cosine, sine };
};

const reverseBits = (re: Float64Array, im: Float64Array): void => {
  const size = re.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
  }
};
