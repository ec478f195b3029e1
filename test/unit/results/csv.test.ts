/** CSV of the results table. */
import { expect, test } from "vitest";
import { formatCsv } from "../../../src/results/csv.ts";

test("numbers keep all digits, null is empty, and what needs quotes gets them", () => {
  const rows = [
    { a: 0.1 + 0.2, b: 'say "hi", twice', c: null },
    { a: -0, b: "two\nlines", c: true },
    { a: 1, b: '"', c: "a,b" },
  ];
  expect(formatCsv(["a", "b", "c"], rows)).toBe(
    'a,b,c\n0.30000000000000004,"say ""hi"", twice",\n0,"two\nlines",true\n1,"""","a,b"\n',
  );
});

test("a table without rows has a header", () => {
  expect(formatCsv(["a", "b"], [])).toBe("a,b\n");
});
