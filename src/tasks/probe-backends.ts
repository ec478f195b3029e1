/** The command line's way to the backends: it knows no numerics itself. */
export { backendChoices, probeBackends } from "../compute/select-backend.ts";
