/** Seed of the law tests: 7, or what `LAMBDA_HAT_LAW_SEED` says. Their bounds hold for any seed. */
export const lawSeed = Number(process.env["LAMBDA_HAT_LAW_SEED"] ?? 7);
