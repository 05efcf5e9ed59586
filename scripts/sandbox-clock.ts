import { writeFile } from 'node:fs/promises';
import { formatClock, realTime } from '../packages/shared/src/clock/index.ts';
import { orExit } from '../packages/shared/src/config/index.ts';
import { defaultUpstream } from '../packages/shared/src/upstreams/index.ts';
import { loadUpstreams } from '../packages/shared/src/upstreams/load.ts';
import { clockOf, readSettings } from '../local/launcher/src/settings.ts';
import { openState } from '../local/launcher/src/state.ts';

// Sets the sandbox's clock once, as npm start does: `node scripts/sandbox-clock.ts <folder>`. Every container mounts the
// folder and reads its clock.env at start.
const [folder] = process.argv.slice(2);
if (!folder || folder.startsWith('-')) throw new Error('Usage: node scripts/sandbox-clock.ts <folder>');

const { env } = process;
const settings = orExit(() => readSettings(env));
// No container imitates another upstream, so it is a real one.
const isReal = Object.keys(loadUpstreams(env)).some((name) => name !== defaultUpstream);
const state = await openState(folder);
const clock = formatClock(isReal && !env.PACELINE_CLOCK ? realTime : await clockOf(settings, env, state));
await writeFile(state.path('clock.env'), `PACELINE_CLOCK=${clock}\n`);
process.stdout.write(`Sandbox clock: ${clock}\n`);
