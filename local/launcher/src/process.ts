import { type Child, spawnChild } from '@paceline/embedded';
import { join } from 'node:path';
import { root } from './paths.ts';

/** A Node process of the system, started again whenever it dies by itself. */
export interface Supervised {
  readonly name: string;
  readonly logFile: string;
  /** Its /readyz, or whatever says 200 when it is ready. */
  readonly readyUrl: string;
  pid(): number | undefined;
  /** Resolves when it ends for the first time, by whatever cause. */
  readonly ended: Promise<void>;
  /** Ends it at once, as a crash would, and leaves it down until `start`. */
  crash(): Promise<void>;
  /** Starts it, unless it runs. */
  start(): Promise<void>;
  /** Ends it in good order. */
  stop(): Promise<void>;
}

export interface ProcessOptions {
  readonly name: string;
  /** The script, relative to the root of the repository. */
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
  readonly readyUrl: string;
  readonly logFile: string;
  /** Bytes: a larger log file is put aside. */
  readonly logSize: number;
  /** Told in one sentence when it died by itself. */
  readonly report: (line: string) => void;
}

const restartAfterMs = 1_000;

export function supervise(options: ProcessOptions): Supervised {
  const { name, script, env, readyUrl, logFile, logSize, report } = options;
  let child: Child | undefined;
  let wanted = false;
  let starts = 0;
  const ended = Promise.withResolvers<void>();

  const launch = async () => {
    starts += 1;
    const started = await spawnChild({
      command: [process.execPath, '--import', telemetry, join(root, script)],
      env,
      logFile,
      logSize,
      keepLog: starts > 1,
      stopSignal: 'SIGTERM',
    });
    child = started;
    void started.exited.then(({ code, signal }) => {
      ended.resolve();
      if (child === started) child = undefined;
      if (!wanted) return;
      report(`${name} ended with ${signal ?? `exit code ${code}`} (see ${logFile}); starting it again`);
      setTimeout(() => wanted && !child && void launch(), restartAfterMs);
    });
  };

  return {
    name,
    logFile,
    readyUrl,
    pid: () => child?.pid,
    ended: ended.promise,
    async crash() {
      wanted = false;
      child?.kill('SIGKILL');
      await child?.exited;
    },
    async start() {
      wanted = true;
      if (!child) await launch();
    },
    async stop() {
      wanted = false;
      await child?.stop();
    },
  };
}

const telemetry = join(root, 'packages/shared/src/telemetry/start.ts');
