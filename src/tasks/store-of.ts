/** The store of a running task, which is told only where `runs/` lies. */
import { basename, dirname } from "node:path";
import { type Store, storeAt } from "../runs/layout.ts";

export const storeOf = (runsFolder: string): Store => storeAt(dirname(runsFolder), basename(runsFolder));
