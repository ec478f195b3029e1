/** Settings of `sghmc` and `sgnht`: stochastic gradient dynamics with momentum. */
import { z } from "zod";
import { orNull, realNumber, wholeNumber } from "../fields.ts";

const shape = {
  steps: wholeNumber("Steps in all, warmup included.", 1).default(250_000),
  warmup: orNull(wholeNumber("Steps that are dropped.", 0), "one fifth of `steps`").default(null),
  batch_size: orNull(wholeNumber("Rows of a minibatch, drawn with replacement.", 1), "all data").default(256),
  step_size: orNull(
    realNumber("Time of a step, for unit mass.", { above: 0 }),
    "variances 0.5 % too large in the stiffest direction where chains are in warmup",
  ).default(null),
  eval_every: wholeNumber("Steps per recorded draw.", 1).default(50),
};

const friction = realNumber("Share of its momentum that a chain loses each step, where it begins.", {
  above: 0,
  max: 1,
});

interface Lengths {
  readonly steps: number;
  readonly warmup: number | null;
  readonly eval_every: number;
}

const lengthMistakes = ({ steps, warmup, eval_every }: Lengths): [key: string, message: string][] => {
  const dropped = warmup ?? Math.floor(steps / 5);
  const left = steps - dropped;
  if (left < 1) {
    return [
      [
        "warmup",
        `got ${dropped} of ${steps} steps; expected fewer than \`steps\`, so that some are recorded.`,
      ],
    ];
  }
  if (eval_every <= left) return [];
  return [
    ["eval_every", `got ${eval_every}, but ${left} steps remain after warmup; expected at most ${left}.`],
  ];
};

/** Settings of `sgnht` with their defaults. */
export const sgnhtSchema = z
  .strictObject({ ...shape, friction: friction.default(0.02) })
  .superRefine((settings, context) => {
    for (const [key, message] of lengthMistakes(settings)) {
      context.addIssue({ code: "custom", path: [key], message });
    }
  });

/** Settings of `sghmc` with their defaults. */
export const sghmcSchema = z
  .strictObject({
    ...shape,
    friction: friction.default(0.1),
    noise_estimate: realNumber(
      "Variance of n_beta * (minibatch gradient) that the injected noise is lowered by; needs a step_size.",
      { min: 0 },
    ).default(0),
  })
  .superRefine((settings, context) => {
    const { step_size, friction: lost, noise_estimate } = settings;
    const most = step_size === null ? 0 : (2 * lost) / step_size ** 2;
    const expected =
      step_size === null ? "0 where `step_size` is null" : `at most 2*friction/step_size^2 = ${most}`;
    const mistakes = lengthMistakes(settings);
    if (noise_estimate > most) {
      mistakes.push(["noise_estimate", `got ${noise_estimate}; expected ${expected}.`]);
    }
    for (const [key, message] of mistakes) context.addIssue({ code: "custom", path: [key], message });
  });
