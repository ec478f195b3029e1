/** Arrays of the reference backend: host memory, float64 in both precisions. */
import type { LeapfrogState, Matrix, Row, Scalars, Vectors } from "../backend.ts";
import type { ChainMass } from "./leapfrog.ts";

/** An array of one kind and its numbers. */
export class ReferenceArray<Kind extends (Vectors | Row | Matrix | Scalars)["kind"]> {
  readonly kind: Kind;
  readonly values: Float64Array;

  constructor(kind: Kind, length: number) {
    this.kind = kind;
    this.values = new Float64Array(length);
  }
}

/** The numbers behind an array that this backend made. @throws bug for an array of another backend. */
export const valuesOf = (array: Vectors | Row | Matrix | Scalars): Float64Array => {
  if (array instanceof ReferenceArray) return array.values;
  throw new Error(`bug: these ${array.kind} belong to another backend`);
};

/** V and F behind a state. */
export const massOf = ({ inverseMass, factor }: LeapfrogState): ChainMass => ({
  inverseMass: valuesOf(inverseMass),
  factor: factor === null ? null : valuesOf(factor),
});
