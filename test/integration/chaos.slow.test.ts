/** The long form of `chaos.test.ts`: each kind of part is killed ten times. */
import "./chaos.test.ts";
