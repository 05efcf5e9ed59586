import { z } from '@hono/zod-openapi';
import type { Machine } from '@paceline/shared/clock';
import { type CommandRow, commandView } from '../core/command.ts';
import { preferredWait } from '../core/prefer.ts';
import { Problem } from '../http/problem.ts';

/** What is said of a command that is accepted, beside its state. */
export const acceptedHeaders = {
  Location: { description: 'The command', schema: { type: 'string' as const } },
  'Preference-Applied': {
    description: 'The wait that was granted, if any',
    schema: { type: 'string' as const },
  },
};

export const preferHeader = z.object({
  prefer: z.string().optional().openapi({ description: 'RFC 7240', example: 'wait=10' }),
});

/** How long the client of a command is ready to wait for its end. */
export interface Patience extends Disposable {
  /** Of the machine; undefined: not at all. */
  readonly seconds: number | undefined;
  /** Aborts when the time is over, or nobody waits any more. */
  readonly signal: AbortSignal | undefined;
}

export function patienceOf(
  prefer: string | undefined,
  machine: Machine,
  ...gone: readonly AbortSignal[]
): Patience {
  const seconds = preferredWait(prefer);
  if (seconds === undefined) return { seconds, signal: undefined, [Symbol.dispose]() {} };
  const over = new AbortController();
  const callOff = machine.after(seconds * 1_000, () => over.abort());
  return { seconds, signal: AbortSignal.any([over.signal, ...gone]), [Symbol.dispose]: callOff };
}

/** How a command is answered. @throws {Problem} when it was waited for and has failed */
export function accepted(row: CommandRow, { seconds }: Patience) {
  const command = commandView(row);
  const headers = {
    Location: `/v1/commands/${row.commandId}`,
    ...(seconds !== undefined && { 'Preference-Applied': `wait=${seconds}` }),
  };
  if (seconds !== undefined && (command.state === 'failed' || command.state === 'expired')) {
    throw new Problem('command-failed', command.reason ?? command.state, { command, headers });
  }
  return { command, headers };
}
