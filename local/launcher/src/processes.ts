import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort, portIsFree, type Child, type Exit, spawnChild } from '@paceline/embedded';
// oxlint-disable-next-line no-restricted-imports -- our own processes are asked, never upstream
import { Agent, fetch } from 'undici';
import { root, type StateFolder } from './state.ts';

/** Where a part listens, given the port at which everybody expects it. */
export type FindPort = (usual: number) => Promise<number>;

export const usualPort: FindPort = async (usual) => ((await portIsFree(usual)) ? usual : freePort());

/** A broker or database that came along. Ended and started again, it is where it was, with what it had stored. */
export interface Server {
  readonly name: string;
  pid(): number | undefined;
  /** Ends it at once, as a crash would, and leaves it down until `start`. */
  crash(): Promise<void>;
  /** Starts it, unless it runs; a server then answers. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Can be stopped and started again; with `died` it restarts by itself after that. `first`: already runs. */
export function controlled(
  name: string,
  launch: () => Promise<Child>,
  first?: Child,
  died?: (exit: Exit) => Promise<void>,
): Server {
  let child: Child | undefined;
  let wanted = first !== undefined;
  const watch = (started: Child) => {
    child = started;
    void started.exited.then(async (exit) => {
      if (child === started) child = undefined;
      if (!wanted || !died) return;
      await died(exit);
      if (wanted && !child) watch(await launch());
    });
  };
  if (first) watch(first);
  return {
    name,
    pid: () => child?.pid,
    async crash() {
      wanted = false;
      child?.kill('SIGKILL');
      await child?.exited;
    },
    async start() {
      wanted = true;
      if (!child) watch(await launch());
    },
    async stop() {
      wanted = false;
      await child?.stop();
    },
  };
}

/** A Node process of the system, started again whenever it dies by itself. */
export interface Supervised extends Server {
  readonly logFile: string;
  readonly readyUrl: string;
  /** Resolves when it ends for the first time, by whatever cause. */
  readonly ended: Promise<void>;
}

export interface ProcessSpec {
  readonly name: string;
  readonly script: string;
  readonly readyUrl: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The processes of a stack: started one after the other, stopped in reverse, callers before those that they call. */
export type Crew = ReturnType<typeof createCrew>;

/** @param logSize bytes: a larger log file is put aside */
export function createCrew(
  shared: NodeJS.ProcessEnv,
  state: StateFolder,
  logSize: number,
  report: (line: string) => void,
) {
  const processes = new Map<string, Supervised>();
  return {
    /** By name: `limiter`, and further ones of the same service as `limiter-2`, `limiter-3`, … */
    processes: processes as ReadonlyMap<string, Supervised>,
    async run({ env, ...member }: ProcessSpec): Promise<Supervised> {
      const logFile = state.path('logs', `${member.name}.log`);
      const process = supervise({ ...member, env: { ...shared, ...env } }, logFile, logSize, report);
      processes.set(member.name, process);
      await process.start();
      return process;
    },
    async stop() {
      for (const member of [...processes.values()].toReversed()) await member.stop();
    },
  };
}

const telemetry = join(root, 'packages/shared/src/telemetry/start.ts');
const restartAfterMs = 1_000;

function supervise(
  { name, script, env, readyUrl }: ProcessSpec,
  logFile: string,
  logSize: number,
  report: (line: string) => void,
): Supervised {
  let starts = 0;
  const ended = Promise.withResolvers<void>();
  const launch = async () => {
    starts += 1;
    const command = [process.execPath, '--import', telemetry, join(root, script)];
    const keepLog = starts > 1;
    const child = await spawnChild({ command, env, logFile, logSize, keepLog, stopSignal: 'SIGTERM' });
    void child.exited.then(() => ended.resolve());
    return child;
  };
  const died = async ({ code, signal }: Exit) => {
    report(`${name} ended with ${signal ?? `exit code ${code}`} (see ${logFile}); starting it again`);
    await wait(restartAfterMs);
  };
  return { ...controlled(name, launch, undefined, died), logFile, readyUrl, ended: ended.promise };
}

/** Real ms: a small machine starts six processes at once. */
const patience = 60_000;

/** A process of ours on this machine, whose certificate is for the name by which others know it. */
const itself = new Agent({ connect: { rejectUnauthorized: false } });

/** @throws {Error} naming the process that is not ready or has ended, and why */
export async function waitUntilReady(processes: readonly Supervised[]): Promise<void> {
  await Promise.all(processes.map((each) => Promise.race([ready(each), endedEarly(each)])));
}

async function ready({ name, readyUrl }: Supervised): Promise<void> {
  const giveUp = performance.now() + patience;
  let reason = 'it did not answer';
  while (performance.now() < giveUp) {
    const answer = await fetch(readyUrl, { signal: AbortSignal.timeout(3_000), dispatcher: itself }).catch(
      () => undefined,
    );
    if (answer?.ok) return;
    if (answer) reason = (await answer.text()).slice(0, 300);
    await wait(100);
  }
  throw new Error(`${name} did not become ready: ${reason}`);
}

async function endedEarly({ name, ended, logFile }: Supervised): Promise<never> {
  await ended;
  const log = await readFile(logFile, 'utf8');
  throw new Error(`${name} ended while it was starting. The end of ${logFile}:\n${log.slice(-1_500)}`);
}
