/** Test runner settings: `npm test` runs everything but `*.slow.test.ts`, `npm run test:slow` those alone. */
import { defineConfig } from "vitest/config";

const isSlow = process.env["LAMBDA_HAT_SLOW"] === "1";
const slow = "test/**/*.slow.test.ts";

export default defineConfig({
  test: {
    include: [isSlow ? slow : "test/**/*.test.ts"],
    exclude: isSlow ? [] : [slow],
    testTimeout: isSlow ? 3_600_000 : 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    env: { TEST_NOOP: "1" },
  },
});
