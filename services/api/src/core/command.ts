import type { Progress } from '@paceline/shared/contracts';
import { z } from 'zod';
import { iso, isoOrNull } from './times.ts';

const time = z.iso.datetime();

/** How something stands that is waited for. */
export const progressShape = z.object({
  state: z.enum([
    'waiting_in_line',
    'waiting_for_window',
    'paused_by_upstream',
    'paused_by_operator',
    'outside_slot',
    'running',
    'done',
    'failed',
    'expired',
  ]),
  position: z.int().nullable().describe('waiting_in_line: 1 is next'),
  at: time.nullable().describe('waiting_in_line: when its turn is expected'),
  until: time
    .nullable()
    .describe('waiting_for_window, paused_by_upstream, paused_by_operator: when that ends'),
  next: time.nullable().describe('outside_slot: when the next slot opens'),
  reason: z.string().nullable().describe('failed, expired: why'),
  estimatedAt: time
    .nullable()
    .describe('When it is expected to run; null when it waits no more, or nobody knows'),
});

/** A command as its asker sees it: what it waits for is said in the fields that belong to its state. */
export const commandShape = z.object({
  commandId: z.string(),
  type: z.literal('add-rider'),
  riderId: z.int(),
  ...progressShape.shape,
  requestedAt: time,
  updatedAt: time,
  finishedAt: time.nullable(),
  rider: z.string().nullable().describe('Where the rider is, once stored (also when stored before)'),
});
export type CommandView = z.infer<typeof commandShape>;

export interface CommandRow {
  readonly commandId: string;
  readonly type: 'add-rider';
  readonly riderId: number;
  readonly progress: Progress;
  readonly requestedAt: number;
  readonly updatedAt: number;
  readonly finishedAt: number | null;
  readonly riderStored: boolean;
}

export function progressView(progress: Progress): z.infer<typeof progressShape> {
  const at = 'at' in progress ? progress.at : null;
  const until = 'until' in progress ? progress.until : null;
  const next = 'next' in progress ? progress.next : null;
  return {
    state: progress.state,
    position: 'position' in progress ? progress.position : null,
    at: isoOrNull(at),
    until: isoOrNull(until),
    next: isoOrNull(next),
    reason: 'reason' in progress ? progress.reason : null,
    estimatedAt: isoOrNull(at ?? until ?? next),
  };
}

export const commandView = ({ progress, ...command }: CommandRow): CommandView => ({
  commandId: command.commandId,
  type: command.type,
  riderId: command.riderId,
  ...progressView(progress),
  requestedAt: iso(command.requestedAt),
  updatedAt: iso(command.updatedAt),
  finishedAt: isoOrNull(command.finishedAt),
  rider: command.riderStored ? `/v1/riders/${command.riderId}` : null,
});
