/**
 * L(w) with its gradient: mean loss at `w` (dim) over `rows` of the data, or over all data where `rows` is null. Where
 * `gradient` is not null it receives ∇L. Closed forms ignore `rows`.
 */
export type LossFunction = (
  w: Float64Array,
  rows: Uint32Array | null,
  gradient: Float64Array | null,
) => number;
