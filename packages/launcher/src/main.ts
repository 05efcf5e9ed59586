import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { loadEnvFile } from 'node:process';
import { ConfigError, configExitCode } from '@paceline/shared/config';
import { banner } from './banner.ts';
import { tellNews } from './news.ts';
import { defaultStateFolder, root } from './paths.ts';
import { type Stack, startStack } from './stack.ts';

const report = (line: string) => console.log(`Paceline: ${line}`);

const envFile = join(root, '.env');
if (existsSync(envFile)) loadEnvFile(envFile);

const stack = await startStack({ stateFolder: defaultStateFolder, env: process.env, report }).catch(giveUp);
console.log(banner(stack, relative(process.cwd(), join(defaultStateFolder, 'logs'))));
const endNews = await tellNews(stack.broker.adminUrl, console.log);

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(stack));

async function stop(running: Stack): Promise<void> {
  if (stopping) process.exit(1);
  stopping = true;
  console.log('\nPaceline: stopping (again to stop at once) …');
  await endNews();
  await running.stop();
  console.log('Paceline: stopped. State is kept; npm start goes on from here.');
  process.exit(0);
}

function giveUp(error: unknown): never {
  console.error(`\nPaceline could not start. ${error instanceof Error ? error.message : String(error)}`);
  process.exit(error instanceof ConfigError ? configExitCode : 1);
}
