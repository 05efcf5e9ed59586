import { z } from '@hono/zod-openapi';
import type { FindUpstream } from '../budgets/accounts.ts';
import {
  alert as alertPayload,
  attribution,
  type EventName,
  fullName,
  isFinal,
  outcome,
  riderCounts,
  sourceChanged as sourceChangedPayload,
  type StreamedEvent,
  upstreamOf,
} from '@paceline/shared/contracts';
import { alertShape, alertView } from '../alerts/view.ts';
import { commandShape, progressShape, progressView, riderPath, viaOf, viaShape } from '../commands/view.ts';
import { callFields, callView, conflictShape, conflictView, reportedConflict } from '../coordination/view.ts';
import { freshnessShape, measuredView } from '../freshness/view.ts';
import { iso, isoOrNull, time } from '../http/view.ts';
import { runShape } from '../runs/view.ts';
import { scheduleChangedShape, scheduleChangedView } from '../schedule/view.ts';
import { sourceShape } from '../sources/view.ts';

const commandChangedShape = z.object({
  commandId: z.string(),
  type: commandShape.shape.type,
  riderId: z.int().nullable().describe('null for imports'),
  riders: riderCounts.nullable().describe('For imports, if the counts have changed'),
  ...progressShape.shape,
  via: viaShape,
  requestedAt: time.nullable().describe('null: sent by a service of an older version'),
  updatedAt: time,
  finishedAt: time.nullable(),
  rider: z.string().nullable().describe('done: path of the rider'),
});

const permitChangeShape = z.object({
  change: z.enum(['started', 'settled', 'returned']),
  permitId: z.string(),
  ...callFields,
  lane: z.string().nullable(),
  result: outcome.shape.result.nullable(),
  status: z.int().nullable().describe('HTTP status of the response'),
  at: time,
});

export const streamShapes = {
  'run.changed': runShape
    .pick({ runId: true, kind: true, mode: true, state: true, counts: true, unreadable: true, reason: true })
    .extend({ slotId: z.string().nullable(), at: time }),
  'command.changed': commandChangedShape,
  'permits.changed': z.object({ changes: z.array(permitChangeShape) }),
  conflict: z.object(conflictShape.shape),
  alert: z.object({
    type: alertPayload.shape.type,
    at: time,
    budget: z.string().nullable().describe('null: applies to all budgets'),
    message: z.string(),
    attribution: attribution.nullable(),
  }),
  'source.changed': sourceShape
    .pick({ source: true, status: true, reason: true, advice: true })
    .extend({ state: sourceChangedPayload.shape.state, at: time }),
  'alert.changed': z.object(alertShape.shape),
  'freshness.measured': freshnessShape.omit({ nextCalls: true }),
  'schedule.changed': scheduleChangedShape,
} as const;
export type StreamType = keyof typeof streamShapes;
export const streamTypes = Object.keys(streamShapes) as [StreamType, ...StreamType[]];

export type StreamEvent = {
  [T in StreamType]: { type: T; data: z.infer<(typeof streamShapes)[T]> };
}[StreamType];

type Payload<N extends EventName> = Extract<StreamedEvent, { name: N }>['payload'];
export type PermitChangeView = Payload<'permitsChanged'>['changes'][number];

function permitChangeView(change: PermitChangeView, find: FindUpstream): z.infer<typeof permitChangeShape> {
  const ended = change.change === 'settled' ? change.outcome : undefined;
  return {
    change: change.change,
    permitId: change.permit,
    ...callView(find, change.account, change.endpoint),
    lane: change.change === 'started' ? change.lane : null,
    result: ended?.result ?? null,
    status: ended?.status ?? null,
    at: iso(change.at),
  };
}

type Views = {
  [N in EventName]: (payload: Payload<N>, find: FindUpstream) => StreamEvent | undefined;
};

const views: Views = {
  runChanged: ({ at, unreadable = { count: 0, ids: [] }, error: reason, ...run }) => ({
    type: 'run.changed',
    data: { ...run, unreadable, reason, at: iso(at) },
  }),
  commandChanged: ({ commandId, riderId = null, riders = null, progress, requestedAt = null, at }) => ({
    type: 'command.changed',
    data: {
      commandId,
      type: riderId === null ? 'import-riders' : 'add-rider',
      riderId,
      riders,
      ...progressView(progress),
      via: viaOf(progress),
      requestedAt: isoOrNull(requestedAt),
      updatedAt: iso(at),
      finishedAt: isFinal(progress) ? iso(at) : null,
      rider: progress.state === 'done' ? riderPath(riderId) : null,
    },
  }),
  permitsChanged({ changes }, find) {
    const shown = changes.filter(({ account }) => find(account));
    if (shown.length === 0) return undefined;
    return {
      type: 'permits.changed',
      data: { changes: shown.map((change) => permitChangeView(change, find)) },
    };
  },
  conflict: (conflict, find) =>
    find(conflict.account) && { type: 'conflict', data: conflictView(reportedConflict(conflict)) },
  alert({ account, type, at, endpoint, message, attribution: cause = null }, find) {
    if (account !== undefined && !find(account)) return undefined;
    const budget = endpoint === undefined ? null : fullName(upstreamOf(account ?? ''), endpoint);
    return { type: 'alert', data: { type, at: iso(at), budget, message, attribution: cause } };
  },
  sourceChanged: ({ at, message: reason, ...change }) => ({
    type: 'source.changed',
    data: { ...change, reason, at: iso(at) },
  }),
  alertChanged: (alert) => ({ type: 'alert.changed', data: alertView(alert) }),
  freshnessMeasured: (measured) => ({ type: 'freshness.measured', data: measuredView(measured) }),
  scheduleChanged: (schedule) => ({ type: 'schedule.changed', data: scheduleChangedView(schedule) }),
};

export function streamEventOf(event: StreamedEvent, find: FindUpstream): StreamEvent | undefined {
  // TypeScript can't see that the view and the payload belong to the same name.
  const view = views[event.name] as (payload: unknown, find: FindUpstream) => StreamEvent | undefined;
  return view(event.payload, find);
}

export const sseEvent = (type: string, data: unknown, id?: number | string): string =>
  `event: ${type}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;

/** Keeps the connection open, and lets a client resume after `id`. */
export const sseHeartbeat = (id: number | string): string => `: heartbeat\nid: ${id}\n\n`;

/** Starts a stream. @param retryMs real ms that a client waits before it reconnects */
export const sseOpening = (retryMs: number, id: number | string): string =>
  `retry: ${retryMs}\nid: ${id}\n\n`;
