import { inParallel } from './in-parallel.ts';
import { run } from './run.ts';

const output = { out: console.log, error: console.error };
process.exitCode = await run(process.argv.slice(2), output, inParallel);
