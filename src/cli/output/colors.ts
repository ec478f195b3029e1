/**
 * Colours of what is printed, per stream: on a terminal, unless NO_COLOR is set or TERM is "dumb"; elsewhere only with
 * FORCE_COLOR.
 *
 * What picocolors finds by itself will not do: it colours pipes where CI is set, and looks at stdout for what goes to stderr.
 * See https://no-color.org and https://force-color.org.
 */
import { isatty } from "node:tty";
import pc from "picocolors";

/** Whether text for a stream is coloured. */
export const usesColor = (isTerminal: boolean, environment: NodeJS.ProcessEnv): boolean => {
  const isSet = (name: string): boolean => (environment[name] ?? "") !== "";
  if (isSet("NO_COLOR")) return false;
  return isSet("FORCE_COLOR") || (isTerminal && environment["TERM"] !== "dumb");
};

/** Colours of data, which go to stdout. */
export const dataColors = pc.createColors(usesColor(isatty(1), process.env));

/** Colours of words about it, which go to stderr. */
export const noteColors = pc.createColors(usesColor(isatty(2), process.env));
