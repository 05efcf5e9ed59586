import { get } from 'node:http';
import { join } from 'node:path';
import { type Child, freePort, spawnChild } from '@paceline/embedded';
import { eventually } from '@paceline/shared/testing';

const script = join(import.meta.dirname, '../../../../services/limiter/src/main.ts');

/** The limiter as it is deployed: a process with its environment. */
export interface LimiterProcess {
  readonly pid: number;
  readonly logFile: string;
  readonly exited: Promise<unknown>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  kill(): Promise<void>;
}

/** @param env what it is told: the broker, the clock */
export async function startLimiterProcess(env: NodeJS.ProcessEnv, logFile: string): Promise<LimiterProcess> {
  const port = await freePort();
  const child: Child = await spawnChild({
    command: [process.execPath, script],
    env: { PATH: process.env.PATH, LOG_LEVEL: 'warn', HEALTH_PORT: String(port), ...env },
    logFile,
    stopSignal: 'SIGTERM',
  });
  await eventually(() => isReady(port), { timeoutMs: 60_000 });
  return {
    pid: child.pid,
    logFile,
    exited: child.exited,
    signal: (signal) => child.kill(signal),
    async kill() {
      child.kill('SIGKILL');
      await child.exited;
    },
  };
}

const isReady = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', path: '/readyz' }, (response) => {
      response.resume();
      if (response.statusCode === 200) resolve();
      else reject(new Error(`the limiter is not ready: ${response.statusCode}`));
    });
    request.on('error', reject);
  });
