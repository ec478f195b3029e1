/** The long form of `sweep-resume.test.ts`: 400 kills. */
import "./sweep-resume.test.ts";
