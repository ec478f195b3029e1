/**
 * Counts a JSON report of vitest: prints "PASSED FAILED", and on stderr each test that failed (with the head of its message),
 * was skipped (which counts as failed) or stands in a file that could not be run. Exits 1 where there is no report to read.
 *
 *     node .ci/count-tests.mjs REPORT
 */
import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";

const messageLines = 12;
const report = JSON.parse(readFileSync(process.argv[2], "utf8"));
const head = (message = "") =>
  stripVTControlCharacters(message).split("\n").slice(0, messageLines).join("\n");

let broken = 0;
for (const file of report.testResults) {
  if (file.status === "failed" && file.assertionResults.length === 0) {
    broken++;
    console.error(`did not run: ${file.name}\n${head(file.message)}`);
  }
  for (const test of file.assertionResults) {
    if (test.status === "failed") {
      const messages = test.failureMessages.map(head).join("\n");
      console.error(
        `failed after ${Math.round(test.duration ?? 0)} ms: ${file.name}: ${test.fullName}\n${messages}`,
      );
    } else if (test.status !== "passed") {
      console.error(`skipped: ${file.name}: ${test.fullName}`);
    }
  }
}
const skipped = report.numPendingTests + report.numTodoTests;
console.log(report.numPassedTests, report.numFailedTests + skipped + broken);
