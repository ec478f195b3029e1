/** `npm run test:laws`: every law suite, the long forms included. Statistical, hence slow; seed in LAMBDA_HAT_LAW_SEED. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/laws/**/*.test.ts"],
    testTimeout: 900_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
