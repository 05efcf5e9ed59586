import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Loaded into every process of a soak before its own code: its garbage is cleared away every few seconds, so that what
// is measured is what it holds.
const collectEvery = 15_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
setInterval(collect, collectEvery).unref();
