/** Which cards a command line means: one for everything, or one for each class of task. */
import type { Card, PilotCard } from "../../cards/card.ts";
import { loadCard } from "../../cards/load-card.ts";
import { SweepError } from "../../core/errors.ts";
import type { TaskClass } from "../../core/task-class.ts";

/** The cards of one sweep. */
export interface SweepCards {
  readonly cards: readonly Card[];
  /** As they were resolved: one YAML document a card. */
  readonly text: string;
}

/** What the command line says about cards. */
export interface CardRequest {
  /** `FILE`, or `build=FILE` and `sample=FILE`; empty: the packaged card `local`. */
  readonly cards: readonly string[];
  /** `path=value` for every card, `build.path=value` or `sample.path=value` for one. */
  readonly sets: readonly string[];
  /** `--slots`: tasks at the same time on this machine; null: the card's. */
  readonly slots: number | null;
}

interface CardChoice {
  readonly serves: TaskClass | null;
  readonly path: string;
}

/** @throws SweepError `USAGE` for cards that leave a class out or serve it twice, and all of `loadCard`. */
export const loadSweepCards = ({ cards, sets, slots }: CardRequest): SweepCards => {
  const choices = (cards.length === 0 ? ["local"] : cards).map(parseChoice);
  refuseGaps(choices);
  const loaded = choices.map(({ serves, path }) =>
    loadCard(path, { sets: [...setsFor(sets, serves), ...servesSet(serves), ...slotsSet(slots)] }),
  );
  refuseEqualLabels(loaded.map(({ card }) => card));
  return {
    cards: loaded.map(({ card }) => card),
    text: loaded.map(({ resolvedText }) => resolvedText).join("---\n"),
  };
};

/** The cards that start workers elsewhere. */
export const pilotsOf = (cards: readonly Card[]): readonly PilotCard[] =>
  cards.filter((card): card is PilotCard => card.type !== "local");

const parseChoice = (text: string): CardChoice => {
  const [, serves, path] = /^(build|sample)=(.+)$/.exec(text) ?? [];
  return path === undefined ? { serves: null, path: text } : { serves: serves as TaskClass, path };
};

const refuseGaps = (choices: readonly CardChoice[]): void => {
  const whole = choices.filter(({ serves }) => serves === null).length;
  const count = (name: TaskClass): number => choices.filter(({ serves }) => serves === name).length;
  if (whole === 1 && choices.length === 1) return;
  if (whole === 0 && count("build") === 1 && count("sample") === 1) return;
  const got = choices
    .map(({ serves, path }) => `--card ${serves === null ? "" : `${serves}=`}${path}`)
    .join(" ");
  throw new SweepError(
    "USAGE",
    `got ${got}; expected one --card FILE for everything, or both --card build=FILE and --card sample=FILE.`,
  );
};

/** `build.walltime=1h` is for the card of builds; `walltime=1h` for all. */
const setsFor = (sets: readonly string[], serves: TaskClass | null): readonly string[] =>
  sets.flatMap((set) => {
    const [, name, rest] = /^(build|sample)\.(.*)$/s.exec(set) ?? [];
    if (rest === undefined) return [set];
    return name === serves || serves === null ? [rest] : [];
  });

const servesSet = (serves: TaskClass | null): readonly string[] =>
  serves === null ? [] : [`serves=${serves}`];

const slotsSet = (slots: number | null): readonly string[] => (slots === null ? [] : [`slots=${slots}`]);

const refuseEqualLabels = (cards: readonly Card[]): void => {
  const [first, second] = cards;
  if (first === undefined || second === undefined || first.label !== second.label) return;
  throw new SweepError(
    "USAGE",
    `both cards have the label "${first.label}"; expected different ones. Set one with --set card.sample.label=NAME.`,
  );
};
