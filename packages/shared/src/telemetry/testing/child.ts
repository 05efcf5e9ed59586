import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** A child process under test. */
export interface TestProcess {
  /** Its log lines. */
  lines(): LogLine[];
  /** Its stdout and stderr. */
  output(): string;
  /** Resolves with the exit code; null after a signal. */
  readonly exited: Promise<number | null>;
  /** Resolves when it exits with 0; rejects with its output otherwise. */
  exitedCleanly(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

const packageFolder = fileURLToPath(new URL('../../../', import.meta.url));

/** Runs a script like a service: with telemetry preloaded, and only `env` in its environment. */
export function startTestProcess(script: URL, env: Readonly<Record<string, string>> = {}): TestProcess {
  const child = spawn(
    process.execPath,
    ['--import', '@paceline/shared/telemetry/start', fileURLToPath(script)],
    { cwd: packageFolder, env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const output = () => stdout + stderr;
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return {
    lines: () =>
      stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as LogLine),
    output,
    exited,
    async exitedCleanly() {
      const code = await exited;
      if (code !== 0) throw new Error(`exited with ${code}, output:\n${output()}`);
    },
    kill: (signal) => child.kill(signal),
  };
}
