import fc from 'fast-check';

// Property tests draw the same cases in every run. `random` draws new ones; a failure prints its seed, which repeats them.
const seed = process.env.PACELINE_SEED || '20260504';
if (seed !== 'random' && !/^-?\d+$/.test(seed))
  throw new Error(`PACELINE_SEED must be "random" or a whole number, not "${seed}"`);

fc.configureGlobal({
  ...fc.readConfigureGlobal(),
  ...(seed !== 'random' && { seed: Number(seed) }),
  // Below the test timeout, so that a counterexample is shown even when shrinking it is slow.
  interruptAfterTimeLimit: 100_000,
  markInterruptAsFailure: true,
});
