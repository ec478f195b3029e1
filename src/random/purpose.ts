/**
 * What a random number is for: the fourth word of every Philox counter.
 *
 * Numbers of two purposes never meet, whatever their steps and indices. Values are part of the file format of
 * checkpoints and of every seed's results: never change or reuse one.
 */
export const purpose = {
  // data set and network (seed of the target); training data at chain 0, test data at chain 1
  inputs: 1,
  inputCentres: 2,
  inputComponent: 3,
  inputEmbedding: 4,
  inputGamma: 5,
  noise: 6,
  noiseGamma: 7,
  noiseOutlier: 8,
  teacherWeights: 9,
  teacherDropout: 10,
  initialWeights: 11,
  labels: 12,
  curvatureProbe: 13,
  // samplers (seed of the sampler)
  start: 32,
  minibatch: 33,
  langevinNoise: 34,
  momentum: 35,
  accept: 36,
  trajectoryLength: 37,
  direction: 38,
  directionRefresh: 39,
  badStepDirection: 40,
  tuning: 41,
  variationalNoise: 42,
  variationalComponent: 43,
  variationalEvaluation: 44,
  variationalStart: 45,
  swap: 46,
  probe: 47,
  treeDirection: 48,
  treeProposal: 49,
  branch: 50,
  referenceDraw: 64,
} as const;
