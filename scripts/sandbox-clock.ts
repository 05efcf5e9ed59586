import { writeFile } from 'node:fs/promises';
import { formatClock } from '../packages/shared/src/clock/index.ts';
import { clockOf, readSettings } from '../local/launcher/src/settings.ts';
import { openState } from '../local/launcher/src/state.ts';

// Decides once what time it is in the sandbox, as npm start does, and leaves it in a folder that all containers see:
// `node scripts/sandbox-clock.ts <folder>`. Each of them reads <folder>/clock.env when it starts.
const [folder] = process.argv.slice(2);
if (!folder) throw new Error('Which folder? node scripts/sandbox-clock.ts <folder>');

const state = await openState(folder);
const clock = formatClock(await clockOf(readSettings(process.env), process.env, state));
await writeFile(state.path('clock.env'), `PACELINE_CLOCK=${clock}\n`);
process.stdout.write(`The sandbox lives by ${clock}.\n`);
