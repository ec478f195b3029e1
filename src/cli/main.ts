#!/usr/bin/env node
/** Entry point of `lambda-hat`: runs one command line and sets the exit code. */
import { runCli } from "./program.ts";

process.exitCode = await runCli(process.argv.slice(2));
