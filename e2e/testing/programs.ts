import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Programs that know nothing of Paceline but an address and a token. Each prints the status of every answer. */
export type Program = ReturnType<typeof startProgram>;

export interface ProgramInput {
  /** What comes before an id. */
  readonly door: string;
  readonly token: string;
  readonly ids: readonly (number | string)[];
}

const curlLoop = `while :; do
  for id in $(echo "$IDS" | tr , ' '); do
    curl --silent --output /dev/null --write-out '%{http_code}\\n' --retry 3 \\
      --header "Authorization: Bearer $TOKEN" --header 'Prefer: wait=30' "$DOOR/$id"
  done
done`;

export const startCurlLoop = (input: ProgramInput) => startProgram(['sh', '-c', curlLoop], input);
export const startPython = (input: ProgramInput) =>
  startProgram(['python3', join(import.meta.dirname, 'read-riders.py')], input);

function startProgram([command = '', ...args]: readonly string[], { door, token, ids }: ProgramInput) {
  const env = { PATH: process.env.PATH, DOOR: door, TOKEN: token, IDS: ids.join(',') };
  // A process group of its own, so that a killed loop takes its curl along.
  const child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const statuses: string[] = [];
  createInterface(child.stdout).on('line', (line) => statuses.push(line));
  const exited = once(child, 'exit');
  return {
    /** Of every answer until now. */
    statuses,
    async kill(): Promise<void> {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, 'SIGKILL');
      await exited;
    },
  };
}
