import { terminal } from '@paceline/kit/arguments';
import { withPrivateMounts } from './adapters/private-mounts.ts';
import { run } from './run.ts';

// Whatever was started ends with this process, however that ends.
process.exit((await withPrivateMounts()) ?? (await run(process.argv.slice(2), terminal)));
