/** Laws of thrown values as plain data. */
import { expect, it } from "vitest";
import { errorRecordOf, messageOf, SweepError } from "../../../src/core/errors.ts";

it("a SweepError keeps code, message, causes and details", () => {
  const cause = new Error("outer", { cause: "inner" });
  const error = new SweepError("BUSY", "held.", {
    cause,
    retryable: true,
    details: { pid: 7, host: "node1" },
  });
  expect(errorRecordOf(error)).toEqual({
    code: "BUSY",
    message: "held.",
    causes: ["outer", "inner"],
    stack: error.stack,
    isRetryable: true,
    details: { pid: 7, host: "node1" },
  });
});

it("anything else is a bug without details", () => {
  expect(errorRecordOf("text")).toEqual({
    code: "BUG",
    message: "text",
    causes: [],
    stack: null,
    isRetryable: false,
    details: {},
  });
});

it("the message of anything that was thrown is a text", () => {
  const thrown = [new Error("a"), "b", { c: 1 }, undefined];
  expect(thrown.map(messageOf)).toEqual(["a", "b", '{"c":1}', "undefined"]);
});
