import { describe, expect, it } from "vitest";
import { viSchema } from "../../../../../src/config/schema/samplers/vi.ts";

const messagesOf = (settings: object): string[] =>
  viSchema.safeParse(settings).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ??
  [];

describe("viSchema", () => {
  it("takes the settings of the family that is used", () => {
    expect(messagesOf({ algo: "flow", d_latent: 3, flow_hidden: [8], sigma_perp: 0.1 })).toEqual([]);
    expect(messagesOf({ M: 2, r: 1, r_per_component: [1, 0] })).toEqual([]);
  });

  it("refuses those of the other family, which would be ignored", () => {
    expect(messagesOf({ algo: "flow", M: 4 })).toEqual([
      "M: got 4 with algo flow; expected 8: only mfa has M.",
    ]);
    expect(messagesOf({ d_latent: 3, flow_depth: 2 })).toEqual([
      "d_latent: got 3 with algo mfa; expected 8: only flow has d_latent.",
      "flow_depth: got 2 with algo mfa; expected 4: only flow has flow_depth.",
    ]);
  });

  it.each([{ flow_type: "maf" }, { flow_type: "nsf_ar" }, { flow_hidden: [] }, { sigma_perp: 0 }])(
    "refuses %o",
    (change) => expect(messagesOf({ algo: "flow", ...change })).toHaveLength(1),
  );
});
