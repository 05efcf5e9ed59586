import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually } from '@paceline/shared/testing';

/** The API as it is run: a process of its own, with telemetry. */
export interface ApiProcess {
  readonly child: ChildProcess;
  /** What it has logged so far, line by line. */
  lines(): Array<{ level: string; msg: string; url?: string }>;
  /** Where it serves, as soon as it does. */
  url(): Promise<string>;
  /** Its exit code, when it has ended. */
  readonly ended: Promise<number | null>;
}

const home = fileURLToPath(new URL('../..', import.meta.url));

export function runApi(env: Readonly<Record<string, string>>): ApiProcess {
  const args = ['--import', '@paceline/shared/telemetry/start', 'src/main.ts'];
  const child = spawn(process.execPath, args, {
    cwd: home,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const lines = () =>
    output
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  return {
    child,
    lines,
    url: () =>
      eventually(
        () => {
          const url = lines().find(({ msg }) => msg === 'serving')?.url;
          if (url === undefined) throw new Error(`it does not serve yet:\n${output}`);
          return url;
        },
        { timeoutMs: 30_000 },
      ),
    ended: once(child, 'exit').then(([code]) => code as number | null),
  };
}
