import { join, relative } from 'node:path';
import { ensureBuilt } from '@paceline/dashboard/build';
import { ConfigError, configExitCode } from '@paceline/shared/config';
import { banner, printActivity } from './console.ts';
import { printHealth } from './health.ts';
import { type Stack, startStack } from './stack.ts';
import { defaultStateFolder, loadDotEnv } from './state.ts';
import { usageFor } from './usage.ts';

const report = (line: string) => console.log(`Paceline: ${line}`);

const asked = usageFor(process.argv.slice(2));
if (asked) {
  (asked.code === 0 ? console.log : console.error)(asked.text);
  process.exit(asked.code);
}
loadDotEnv();

let stack: Stack | undefined;
let stopHealth = () => {};
let stopPrinting: (() => Promise<void>) | undefined;
/** Seconds of this process's life. */
let stoppingSince: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop());

const beforeStart = () =>
  ensureBuilt(report).catch((error: Error) => {
    report(`dashboard build failed, starting without it: ${error.message}`);
  });
// With a sandbox all pages have something to show.
const usual = process.env.ZWIFTRACING_BASE_URL ? {} : { SYNC_RESULTS: 'on' };
stack = await startStack({
  stateFolder: defaultStateFolder,
  env: { ...usual, ...process.env },
  report,
  beforeStart,
}).catch(giveUp);
const token = process.env.API_TOKEN || undefined;
console.log(banner(stack, relative(process.cwd(), join(defaultStateFolder, 'logs')), token !== undefined));
stopHealth = printHealth({ url: stack.apiUrl, token }, console.log);
stopPrinting = await printActivity(stack.broker.adminUrl, console.log);

/** Handles Ctrl-C. During start-up, or the second time, it exits at once: the children die with this process. */
async function stop(): Promise<void> {
  if (!stack) process.exit(1);
  if (stoppingSince !== undefined) {
    // npm passes the terminal's signal on, so one Ctrl-C can arrive twice.
    if (process.uptime() - stoppingSince < 1) return;
    process.exit(1);
  }
  stoppingSince = process.uptime();
  report('stopping … (Ctrl-C again to force)');
  stopHealth();
  await stopPrinting?.();
  await stack.stop();
  report('stopped. State is kept; npm start continues from here.');
  process.exit(0);
}

function giveUp(error: unknown): never {
  console.error(`\nPaceline could not start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(error instanceof ConfigError ? configExitCode : 1);
}
