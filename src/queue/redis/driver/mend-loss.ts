/** Redis may lose its data at any time, also in the middle of a step of several commands. */

/** More losses than this in one step are no accident. */
const maxLosses = 10;

/**
 * Does the step; if it fails because Redis has lost the sweep meanwhile, restores the sweep.
 * @throws what the step threw, if the sweep is there.
 */
export const mendLoss = async (
  step: () => Promise<void>,
  sweep: { readonly isLost: () => Promise<boolean>; readonly restore: () => Promise<void> },
): Promise<void> => {
  let next = step;
  for (let losses = 0; ; losses++) {
    try {
      await next();
      return;
    } catch (error) {
      if (losses === maxLosses || !(await sweep.isLost())) throw error;
      next = sweep.restore;
    }
  }
};
