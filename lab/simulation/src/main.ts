import { terminal } from '@paceline/kit/arguments';
import { inParallel } from './in-parallel.ts';
import { run } from './run.ts';

process.exitCode = await run(process.argv.slice(2), terminal, inParallel);
