/** Builders of small target configurations. */
import type {
  DataConfig,
  DeepLinearConfig,
  MlpConfig,
  TargetConfig,
  TrainingConfig,
} from "../../src/targets/target-config.ts";

/** 100 Gaussian points with noise 0.1, and 50 test points. */
export const aData = (changes: Partial<DataConfig> = {}): DataConfig => ({
  nData: 100,
  nTest: 50,
  xDist: "gauss_iso",
  covDecay: 0.95,
  mixtureK: 4,
  mixtureSpread: 2,
  xDimLatent: 2,
  noiseModel: "gauss",
  noiseScale: 0.1,
  heteroScale: 0.1,
  studentDf: 4,
  outlierFrac: 0.05,
  outlierScale: 2,
  ...changes,
});

/** Two inputs, one hidden layer of three tanh units, one output. */
export const anMlp = (changes: Partial<MlpConfig> = {}): MlpConfig => ({
  kind: "mlp",
  inDim: 2,
  outDim: 1,
  depth: 1,
  widths: [3],
  activation: "tanh",
  bias: true,
  layernorm: false,
  init: "he",
  targetParams: null,
  hidden: null,
  skipConnections: false,
  residualPeriod: 2,
  ...changes,
});

/** Widths 3-2-3, rank 1. */
export const aDeepLinear = (changes: Partial<DeepLinearConfig> = {}): DeepLinearConfig => ({
  kind: "deep_linear",
  widths: [3, 2, 3],
  rank: 1,
  ...changes,
});

/** 500 full-batch Adam steps, then polishing. */
export const aTraining = (changes: Partial<TrainingConfig> = {}): TrainingConfig => ({
  optimizer: "adam",
  learningRate: 0.01,
  steps: 500,
  earlyStopTol: null,
  batchSize: null,
  gradientTol: 1e-6,
  weightDecay: 0,
  momentum: 0,
  at: "trained",
  ...changes,
});

/** The MLP on the data, with the student's own architecture as teacher and squared error. */
export const aTarget = (changes: Partial<TargetConfig> = {}): TargetConfig => ({
  model: anMlp(),
  data: aData(),
  teacher: {},
  training: aTraining(),
  loss: { kind: "mse" },
  seed: 42,
  ...changes,
});
