import { type Progress, riderCounts, type RiderCounts, ways } from '@paceline/shared/contracts';
import { z } from 'zod';
import { iso, isoOrNull } from './times.ts';
import { traceIdOf, traceIdShape } from './trace.ts';

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

/** By which way a rider comes. */
export const viaShape = z
  .enum(ways)
  .nullable()
  .describe('How the rider comes, as far as that is known: by a GET of its own, or by the next bulk call');
export const viaOf = (progress: Progress): z.infer<typeof viaShape> =>
  'via' in progress ? (progress.via ?? null) : null;

const commandTypes = ['add-rider', 'import-riders'] as const;
export type CommandType = (typeof commandTypes)[number];

/** A command as its asker sees it: what it waits for is said in the fields that belong to its state. */
export const commandShape = z.object({
  commandId: z.string(),
  type: z.enum(commandTypes),
  riderId: z.int().nullable().describe('add-rider: the rider; null with an import'),
  riders: riderCounts
    .nullable()
    .describe('import-riders: how many wait, are done and have failed; null with an add'),
  ...progressShape.shape,
  via: viaShape,
  requestedAt: time,
  updatedAt: time,
  finishedAt: time.nullable(),
  traceId: traceIdShape,
  rider: z.string().nullable().describe('Where the rider is, once stored (also when stored before)'),
});
export type CommandView = z.infer<typeof commandShape>;

export interface CommandRow {
  readonly commandId: string;
  readonly type: CommandType;
  readonly riderId: number | null;
  readonly riders: RiderCounts | null;
  readonly progress: Progress;
  readonly requestedAt: number;
  readonly updatedAt: number;
  readonly finishedAt: number | null;
  readonly traceparent: string | null;
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
  riders: command.riders,
  ...progressView(progress),
  via: viaOf(progress),
  requestedAt: iso(command.requestedAt),
  updatedAt: iso(command.updatedAt),
  finishedAt: isoOrNull(command.finishedAt),
  traceId: traceIdOf(command.traceparent),
  rider: command.riderStored && command.riderId !== null ? `/v1/riders/${command.riderId}` : null,
});
