/** The command line's way to the backends: it knows no numerics itself. */
export { type BackendProbe, probeBackends } from "../compute/select-backend.ts";
