import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** A real process of ours, as a test sees it. */
export interface Child {
  /** The log lines that it has written so far. */
  lines(): LogLine[];
  /** Everything that it has written to stdout and stderr. */
  output(): string;
  /** Resolves with the exit code; null when a signal killed it. */
  readonly exited: Promise<number | null>;
  /** Resolves when it has exited with 0; rejects with what it has written otherwise. */
  endedWell(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

const packageFolder = fileURLToPath(new URL('../../../', import.meta.url));

/** Runs a script as services are run: with telemetry loaded first, and nothing but `env` in its environment. */
export function startChild(script: URL, env: Readonly<Record<string, string>> = {}): Child {
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
    async endedWell() {
      const code = await exited;
      if (code !== 0) throw new Error(`exited with ${code} after writing\n${output()}`);
    },
    kill: (signal) => child.kill(signal),
  };
}
