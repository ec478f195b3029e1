#!/usr/bin/env node
/** Entry point of `lambda-hat`: runs one command line and sets the exit code. */
import { watchOutput } from "./output/closed-output.ts";
import { runCli } from "./program.ts";

watchOutput();
process.exitCode = await runCli(process.argv.slice(2));
