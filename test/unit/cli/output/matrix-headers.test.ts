/** Headers of a matrix tell its samplers apart. */
import { describe, expect, it } from "vitest";
import { matrixColumns } from "../../../../src/cli/output/matrix-headers.ts";
import { aMatrixPlan } from "../../../support/matrix-plan.ts";

describe("matrixColumns", () => {
  it("numbers samplers of one name, and says in a legend what each has of its own", () => {
    const samplers = ["hmc draws=100 warmup=50", "sgld", "hmc draws=200 warmup=50", "hmc warmup=50"];
    const columns = matrixColumns(aMatrixPlan({ targets: 2, samplers }));
    expect(columns.map(({ header }) => header)).toEqual(["hmc#1", "sgld", "hmc#2", "hmc#3"]);
    expect(columns.map(({ legend }) => legend)).toEqual([
      "hmc#1 draws=100",
      null,
      "hmc#2 draws=200",
      "hmc#3 (defaults)",
    ]);
  });
});
