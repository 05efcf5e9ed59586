import { terminal } from '@paceline/kit/arguments';
import { withPrivateMounts } from './adapters/private-mounts.ts';
import { run } from './run.ts';

// All child processes end with this one.
process.exit((await withPrivateMounts()) ?? (await run(process.argv.slice(2), terminal)));
