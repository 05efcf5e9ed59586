import { z } from '@hono/zod-openapi';
import {
  isCancelled,
  isFinal,
  type Progress,
  riderCounts,
  type RiderCounts,
  fetchModes,
} from '@paceline/shared/contracts';
import { isoOrNull, isoTimes, type RowOf, time, traceIdOf, traceIdShape } from '../http/view.ts';

export const commandTypes = ['add-rider', 'import-riders'] as const;

export const commandStates = [
  'waiting_in_line',
  'waiting_for_window',
  'paused_by_upstream',
  'paused_by_operator',
  'outside_slot',
  'waiting_for_service',
  'running',
  'done',
  'failed',
  'expired',
  'cancelled',
] as const;
export type CommandState = (typeof commandStates)[number];

export const progressShape = z.object({
  state: z.enum(commandStates),
  position: z.int().nullable().describe('waiting_in_line: position in the queue; 1 is next'),
  until: time
    .nullable()
    .describe(
      'waiting_for_window, paused_by_upstream, paused_by_operator: estimated end of the wait; outside_slot: when the next slot opens',
    ),
  reason: z.string().nullable().describe('failed, expired, cancelled, waiting_for_service: the reason'),
  estimatedAt: time.nullable().describe('When it is expected to run; null if unknown or no longer waiting'),
});

export const viaShape = z
  .enum(fetchModes)
  .nullable()
  .describe(
    'How the rider is fetched: single (a call of its own) or bulk (with the next bulk call); null if not known yet',
  );
export const viaOf = (progress: Progress): z.infer<typeof viaShape> =>
  'via' in progress ? (progress.via ?? null) : null;

export const commandShape = z
  .object({
    commandId: z.string(),
    type: z.enum(commandTypes),
    riderId: z.int().nullable().describe('add-rider: the rider; null for imports'),
    riders: riderCounts
      .nullable()
      .describe('import-riders: number of waiting, done and failed riders; null for adds'),
    ...progressShape.shape,
    via: viaShape,
    requestedAt: time,
    updatedAt: time,
    finishedAt: time.nullable(),
    traceId: traceIdShape,
    rider: z.string().nullable().describe('Path of the rider, if it is stored (now or from before)'),
  })
  .openapi('Command');
export type CommandView = z.infer<typeof commandShape>;

type Shown = 'commandId' | 'type' | 'riderId' | 'requestedAt' | 'updatedAt' | 'finishedAt';
export interface CommandRow extends Pick<
  RowOf<CommandView, 'requestedAt' | 'updatedAt' | 'finishedAt'>,
  Shown
> {
  readonly riders: RiderCounts | null;
  readonly progress: Progress;
  readonly traceparent: string | null;
  readonly riderStored: boolean;
}

export function progressView(progress: Progress): z.infer<typeof progressShape> {
  const at = 'at' in progress ? progress.at : null;
  const slotOpensAt = 'next' in progress ? progress.next : null;
  const until = 'until' in progress ? progress.until : slotOpensAt;
  return {
    state: isCancelled(progress) ? 'cancelled' : progress.state,
    position: 'position' in progress ? progress.position : null,
    until: isoOrNull(until),
    reason: 'reason' in progress ? progress.reason : null,
    estimatedAt: isoOrNull(at ?? until),
  };
}

const waitingForService = (reason: string): z.infer<typeof progressShape> => ({
  state: 'waiting_for_service',
  position: null,
  until: null,
  reason,
  estimatedAt: null,
});

/** @param obstacle the part that is down, if any: until it is back every estimate is void */
export const commandView = (command: CommandRow, obstacle?: string): CommandView => ({
  commandId: command.commandId,
  type: command.type,
  riderId: command.riderId,
  riders: command.riders,
  ...(obstacle === undefined || isFinal(command.progress)
    ? progressView(command.progress)
    : waitingForService(obstacle)),
  via: viaOf(command.progress),
  ...isoTimes(command, 'requestedAt', 'updatedAt', 'finishedAt'),
  traceId: traceIdOf(command.traceparent),
  rider: command.riderStored ? riderPath(command.riderId) : null,
});

/** Null for imports. */
export const riderPath = (riderId: number | null): string | null =>
  riderId === null ? null : `/v1/riders/${riderId}`;

export const riderOutcomes = ['waiting', 'done', 'failed'] as const;
export type RiderOutcomeName = (typeof riderOutcomes)[number];

export const commandRiderShape = z
  .object({
    riderId: z.int(),
    outcome: z.enum(riderOutcomes),
    reason: z.string().nullable().describe('failed: the reason'),
    finishedAt: time.nullable(),
    rider: z.string().nullable().describe('done: path of the rider'),
  })
  .openapi('CommandRider');
export type CommandRiderView = z.infer<typeof commandRiderShape>;

export interface CommandRiderRow {
  readonly riderId: number;
  readonly outcome: Exclude<RiderOutcomeName, 'waiting'> | null;
  readonly reason: string | null;
  readonly finishedAt: number | null;
}

export const commandRiderView = (row: CommandRiderRow): CommandRiderView => ({
  riderId: row.riderId,
  outcome: row.outcome ?? 'waiting',
  reason: row.reason,
  finishedAt: isoOrNull(row.finishedAt),
  rider: row.outcome === 'done' ? riderPath(row.riderId) : null,
});

export function addedRider(riderId: number, progress: Progress, finishedAt: number | null): CommandRiderRow {
  if (progress.state === 'done') return { riderId, outcome: 'done', reason: null, finishedAt };
  if (progress.state === 'failed' || progress.state === 'expired')
    return { riderId, outcome: 'failed', reason: progress.reason, finishedAt };
  return { riderId, outcome: null, reason: null, finishedAt: null };
}
