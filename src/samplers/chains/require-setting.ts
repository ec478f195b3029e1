/** Checks of settings that a sampler makes before it begins; the experiment file was checked more finely before. */
import { SweepError } from "../../core/errors.ts";

/**
 * @param name as the user writes it, for example `hmc.step_size`.
 * @param expected completes "expected …".
 * @throws CONFIG_INVALID unless `isValid`.
 */
export const requireSetting = (
  isValid: boolean,
  { name, value, expected }: { readonly name: string; readonly value: unknown; readonly expected: string },
): void => {
  if (isValid) return;
  throw new SweepError("CONFIG_INVALID", `${name}: got ${JSON.stringify(value)}; expected ${expected}.`);
};

/** @throws CONFIG_INVALID unless `value` is an integer ≥ `least`. */
export const requireInteger = (name: string, value: number, least: number): void =>
  requireSetting(Number.isSafeInteger(value) && value >= least, {
    name,
    value,
    expected: `an integer of at least ${least}`,
  });

/** @throws CONFIG_INVALID unless `value` is finite and > 0. */
export const requirePositive = (name: string, value: number): void =>
  requireSetting(Number.isFinite(value) && value > 0, { name, value, expected: "a number greater than 0" });
