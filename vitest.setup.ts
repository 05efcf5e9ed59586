import fc from 'fast-check';

// The same runs every time. `random` draws new ones; the seed that a failure prints repeats its runs.
const seed = process.env.PACELINE_SEED || '20260504';
if (seed !== 'random' && !/^-?\d+$/.test(seed))
  throw new Error(`PACELINE_SEED must be "random" or a whole number, not "${seed}"`);

fc.configureGlobal({
  ...fc.readConfigureGlobal(),
  ...(seed !== 'random' && { seed: Number(seed) }),
  // Less than a test's timeout: to shrink a counterexample further is worth less than to see it.
  interruptAfterTimeLimit: 100_000,
  markInterruptAsFailure: true,
});
