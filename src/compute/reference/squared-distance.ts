/** ‖w − center‖². */
export const squaredDistance = (w: Float64Array, center: Float64Array): number =>
  w.reduce((sum, value, i) => sum + (value - center[i]) ** 2, 0);
