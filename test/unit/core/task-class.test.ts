/** Kinds of task and what cards call them. */
import { expect, it } from "vitest";
import { kindOfClass, taskClasses, taskClassOf } from "../../../src/core/task-class.ts";

it("a class and its kind name each other", () => {
  expect(taskClasses.map(kindOfClass)).toEqual(["build-target", "run-sampler"]);
  expect(taskClasses.map((name) => taskClassOf(kindOfClass(name)))).toEqual([...taskClasses]);
});

it("noop counts as a run", () => {
  expect(taskClassOf("noop")).toBe("sample");
});
