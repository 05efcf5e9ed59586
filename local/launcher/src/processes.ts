import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort, portIsFree, spawnChild } from '@paceline/embedded';
// oxlint-disable-next-line no-restricted-imports -- calls our own processes, never upstream
import { Agent, fetch } from 'undici';
import { root, type StateFolder } from './state.ts';
import { type RestartableProcess, supervise, type Supervision } from './supervise.ts';

/** Picks the port for a server, given its usual one. */
export type FindPort = (usual: number) => Promise<number>;

export const usualPortIfFree: FindPort = async (usual) => ((await portIsFree(usual)) ? usual : freePort());

/** A Node process of the system, restarted whenever it dies. */
export interface SupervisedProcess extends RestartableProcess {
  readonly logFile: string;
  readonly readyUrl: string;
  /** Resolves at its first exit, for whatever reason. */
  readonly exited: Promise<void>;
}

export interface ProcessSpec {
  readonly name: string;
  readonly script: string;
  readonly readyUrl: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The processes of a stack: started one by one, stopped in reverse order, clients before their servers. */
export type ProcessGroup = ReturnType<typeof createProcessGroup>;

/** @param logSize bytes: a larger log file is rotated */
export function createProcessGroup(
  shared: NodeJS.ProcessEnv,
  state: StateFolder,
  logSize: number,
  supervision: Supervision,
) {
  const processes = new Map<string, SupervisedProcess>();
  return {
    /** By name: `limiter`, then `limiter-2`, `limiter-3`, … */
    processes: processes as ReadonlyMap<string, SupervisedProcess>,
    async run({ env, ...spec }: ProcessSpec): Promise<SupervisedProcess> {
      const logFile = state.path('logs', `${spec.name}.log`);
      const process = superviseNode({ ...spec, env: { ...shared, ...env } }, logFile, logSize, supervision);
      processes.set(spec.name, process);
      await process.start();
      return process;
    },
    async stop() {
      for (const process of [...processes.values()].toReversed()) await process.stop();
    },
  };
}

/** MB. V8's defaults are for one process with the machine to itself: each of ours would grow by 60 MB before it collects. `npm start` and the image have them, too. */
export const smallHeap = ['--max-semi-space-size=8', '--max-old-space-size=1024'];

const telemetry = join(root, 'packages/shared/src/telemetry/start.ts');

function superviseNode(
  { name, script, env, readyUrl }: ProcessSpec,
  logFile: string,
  logSize: number,
  supervision: Supervision,
): SupervisedProcess {
  let starts = 0;
  const exited = Promise.withResolvers<void>();
  const launch = async () => {
    starts += 1;
    const command = [process.execPath, ...smallHeap, '--import', telemetry, join(root, script)];
    const keepLog = starts > 1;
    const child = await spawnChild({ command, env, logFile, logSize, keepLog, stopSignal: 'SIGTERM' });
    void child.exited.then(() => exited.resolve());
    return child;
  };
  return {
    ...supervise({ ...supervision, name, logFile, launch }),
    logFile,
    readyUrl,
    exited: exited.promise,
  };
}

/** Real ms; generous, because a small machine starts six processes at once. */
const readyTimeoutMs = 60_000;

/** Skips certificate checks: our own process is called by IP address, not by the name in its certificate. */
const localAgent = new Agent({ connect: { rejectUnauthorized: false } });

/** @throws {Error} naming the process that exited or did not become ready, and why */
export async function waitUntilReady(processes: readonly SupervisedProcess[]): Promise<void> {
  await Promise.all(processes.map((each) => Promise.race([ready(each), exitedEarly(each)])));
}

async function ready({ name, readyUrl }: SupervisedProcess): Promise<void> {
  const deadline = performance.now() + readyTimeoutMs;
  let reason = 'no response';
  while (performance.now() < deadline) {
    const response = await fetch(readyUrl, {
      signal: AbortSignal.timeout(3_000),
      dispatcher: localAgent,
    }).catch(() => undefined);
    if (response?.ok) return;
    if (response) reason = (await response.text()).slice(0, 300);
    await wait(100);
  }
  throw new Error(`${name} did not become ready within ${readyTimeoutMs / 1_000} s: ${reason}`);
}

async function exitedEarly({ name, exited, logFile }: SupervisedProcess): Promise<never> {
  await exited;
  const log = await readFile(logFile, 'utf8');
  throw new Error(`${name} exited during start-up. Last lines of ${logFile}:\n${log.slice(-1_500)}`);
}
