import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Preloaded by every process of a soak: collects garbage every few seconds, so that only live memory is measured.
const collectEvery = 15_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
setInterval(collect, collectEvery).unref();
