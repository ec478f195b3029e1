/** Which Redis a sweep uses. */
import { expect, it } from "vitest";
import type { PilotCard } from "../../../../src/cards/card.ts";
import { redisChoiceFor } from "../../../../src/cli/sweep/sweep-broker.ts";
import { aSlurmCard } from "../../../support/pilot-cards.ts";

const withUrl = (url: string | null): PilotCard => ({ ...aSlurmCard(), redis: { url, interface: null } });
const env = { LAMBDA_HAT_REDIS: "redis://environment" };
const hostOf = (...args: Parameters<typeof redisChoiceFor>): string | null => {
  const choice = redisChoiceFor(...args);
  if (choice === null) return null;
  return choice.kind === "private" ? "private" : (choice.address.at as { host: string }).host;
};

it("the command line comes first, then the card, then LAMBDA_HAT_REDIS", () => {
  expect(hostOf([withUrl("redis://card")], "redis://option", env)).toBe("option");
  expect(hostOf([withUrl("redis://card")], null, env)).toBe("card");
  expect(hostOf([withUrl(null)], null, env)).toBe("environment");
  expect(hostOf([withUrl(null)], "private", env)).toBe("private");
  expect(redisChoiceFor([withUrl(null)], null, env)).toMatchObject({ isFromEnvironment: true });
});

it("LAMBDA_HAT_REDIS counts without pilots too; without it there is no Redis, or a private one for pilots", () => {
  expect(hostOf([], null, env)).toBe("environment");
  expect(hostOf([], null, {})).toBeNull();
  expect(hostOf([], null, { LAMBDA_HAT_REDIS: "" })).toBeNull();
  expect(hostOf([withUrl(null)], null, {})).toBe("private");
});
