import fc from 'fast-check';

// The same runs every time. `random` draws new ones; the seed that a failure prints repeats its runs.
const seed = process.env.PACELINE_SEED || '20260504';
if (seed !== 'random') {
  if (!/^-?\d+$/.test(seed))
    throw new Error(`PACELINE_SEED must be "random" or a whole number, not "${seed}"`);
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) });
}
