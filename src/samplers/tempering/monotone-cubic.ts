/**
 * Monotone cubic interpolation: a smooth curve through points that rises (or falls) wherever the points do.
 *
 * Source: Fritsch & Carlson (1980), tangents from the mean of neighbouring secants, limited to the circle of radius 3;
 * end tangents are the end secants.
 */

/** Points of a curve; `x` strictly increasing, both of one length ≥ 2. */
export interface CurvePoints {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

const secantsOf = ({ x, y }: CurvePoints): Float64Array =>
  Float64Array.from({ length: x.length - 1 }, (_, i) => (y[i + 1] - y[i]) / (x[i + 1] - x[i]));

/** Slopes at the points, limited so that no piece overshoots. */
const tangentsOf = (secants: Float64Array): Float64Array => {
  const last = secants.length;
  const tangents = Float64Array.from({ length: last + 1 }, (_, i) => {
    if (i === 0) return secants[0];
    if (i === last) return secants[last - 1];
    return secants[i - 1] * secants[i] <= 0 ? 0 : (secants[i - 1] + secants[i]) / 2;
  });
  for (let i = 0; i < last; i++) {
    if (secants[i] === 0) {
      tangents[i] = 0;
      tangents[i + 1] = 0;
      continue;
    }
    const radius = Math.hypot(tangents[i] / secants[i], tangents[i + 1] / secants[i]);
    if (radius <= 3) continue;
    tangents[i] *= 3 / radius;
    tangents[i + 1] *= 3 / radius;
  }
  return tangents;
};

/** The curve as a function on [x_0, x_last]; outside, its end values. NaN gives NaN. */
export const monotoneCubic = (points: CurvePoints): ((at: number) => number) => {
  const { x, y } = points;
  const last = x.length - 1;
  const tangents = tangentsOf(secantsOf(points));
  return (at) => {
    if (at <= x[0]) return y[0];
    if (at >= x[last]) return y[last];
    let i = 0;
    while (i + 1 < last && at >= x[i + 1]) i++;
    const width = x[i + 1] - x[i];
    const t = (at - x[i]) / width;
    const s = 1 - t;
    const ends = (1 + 2 * t) * s * s * y[i] + t * t * (3 - 2 * t) * y[i + 1];
    return ends + width * t * s * (s * tangents[i] - t * tangents[i + 1]);
  };
};
