/** How values of options are read. */
import { InvalidArgumentError } from "commander";

/** Gathers the values of an option that may be given several times. */
export const collect = (value: string, previous: readonly string[]): readonly string[] => [
  ...previous,
  value,
];

/** @throws commander's InvalidArgumentError unless it is a whole number from 1 on. */
export const parseCount = (text: string): number => {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("expected an integer ≥ 1.");
  return count;
};
