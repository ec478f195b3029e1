/**
 * Autocovariance and autocorrelation of one chain at all lags, by fast Fourier transform.
 *
 * Source: Geyer (1992); the biased estimator (divisor n at every lag) that ArviZ and R `posterior` use.
 */
import { fastFourierTransform, powerOfTwoAtLeast } from "./fast-fourier-transform.ts";
import { mean } from "./moments.ts";

/**
 * γ̂_t = (1/n)·Σ_i (x_i − x̄)(x_{i+t} − x̄) for t = 0 … n − 1.
 * @param chain draws in order, shape (n). Not changed.
 * @returns shape (n), in squared units of the draws. All NaN if a draw is not finite.
 */
export const autocovariance = (chain: Float64Array): Float64Array => {
  const length = chain.length;
  const center = mean(chain);
  // Twice the length, so that the circular correlation of the transform does not wrap around.
  const size = powerOfTwoAtLeast(2 * length);
  const re = new Float64Array(size);
  const im = new Float64Array(size);
  for (let i = 0; i < length; i++) re[i] = chain[i] - center;
  fastFourierTransform(re, im);
  for (let k = 0; k < size; k++) re[k] = re[k] * re[k] + im[k] * im[k];
  im.fill(0);
  // The spectrum is real and even: the forward transform is the inverse one but for the factor 1/size.
  fastFourierTransform(re, im);
  const covariance = re.slice(0, length);
  for (let t = 0; t < length; t++) covariance[t] /= size * length;
  return covariance;
};

/**
 * ρ̂_t = γ̂_t/γ̂_0.
 * @returns shape (n), unitless, 1 at lag 0. All NaN for a constant chain or one with a non-finite draw.
 */
export const autocorrelation = (chain: Float64Array): Float64Array => {
  const covariance = autocovariance(chain);
  const atZero = covariance[0];
  return covariance.map((value) => value / atZero);
};
