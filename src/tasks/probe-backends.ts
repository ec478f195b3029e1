/** The command line's way to the backends: it knows no numerics itself. */
export { probeBackends } from "../compute/select-backend.ts";
