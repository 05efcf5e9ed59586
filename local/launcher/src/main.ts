import { join, relative } from 'node:path';
import { ensureBuilt } from '@paceline/dashboard/build';
import { ConfigError, configExitCode } from '@paceline/shared/config';
import { banner, printNews } from './console.ts';
import { type Stack, startStack } from './stack.ts';
import { defaultStateFolder, loadDotEnv } from './state.ts';

const report = (line: string) => console.log(`Paceline: ${line}`);

loadDotEnv();

let stack: Stack | undefined;
let endNews: (() => Promise<void>) | undefined;
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop());

await ensureBuilt(report).catch((error: Error) => {
  report(`the dashboard could not be built, so all but it is here: ${error.message}`);
});
stack = await startStack({ stateFolder: defaultStateFolder, env: process.env, report }).catch(giveUp);
console.log(banner(stack, relative(process.cwd(), join(defaultStateFolder, 'logs'))));
endNews = await printNews(stack.broker.adminUrl, console.log);

/** Ctrl-C. What is still starting, or a second Ctrl-C, ends at once: the children die with this process. */
async function stop(): Promise<void> {
  if (stopping || !stack) process.exit(1);
  stopping = true;
  report('stopping (again to stop at once) …');
  await endNews?.();
  await stack.stop();
  report('stopped. State is kept; npm start goes on from here.');
  process.exit(0);
}

function giveUp(error: unknown): never {
  console.error(`\nPaceline could not start. ${error instanceof Error ? error.message : String(error)}`);
  process.exit(error instanceof ConfigError ? configExitCode : 1);
}
