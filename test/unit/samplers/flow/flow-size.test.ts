import { describe, expect, it } from "vitest";
import { checkFlowSize } from "../../../../src/samplers/flow/flow-size.ts";
import { settingsOf } from "../../../support/sampler-settings.ts";

const settings = {
  ...settingsOf("vi"),
  algo: "flow",
  dLatent: 8,
  flowDepth: 4,
  flowHidden: [64, 64],
} as const;

describe("checkFlowSize", () => {
  it("accepts a subspace of a large network, and the whole of a small one", () => {
    expect(() => checkFlowSize(settings, 4_000_000)).not.toThrow();
    expect(() => checkFlowSize({ ...settings, dLatent: 1000 }, 200)).not.toThrow();
  });

  it.each([
    [{ dLatent: 300 }, 1000, "vi.d_latent: got 300 for 1000 parameters; expected at most 256:"],
    [{ dLatent: 100 }, 1_000_000, "vi.d_latent: got 100 for 1000000 parameters; expected at most 33:"],
    [{ flowHidden: [1000, 1000] }, 50, "vi.flow_hidden: got [1000, 1000] in 4 layers, 4"],
  ])("refuses %o for %i parameters, and says what would do", (change, dim, message) => {
    expect(() => checkFlowSize({ ...settings, ...change }, dim)).toThrow(message);
  });
});
