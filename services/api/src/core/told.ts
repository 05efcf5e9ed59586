import { budgetNames, kindNames, laneNames } from '@paceline/shared/definition';
import {
  alert as alertPayload,
  attribution,
  type EventName,
  outcome,
  riderCounts,
  sourceChanged as sourceChangedPayload,
  type ToldEvent,
} from '@paceline/shared/contracts';
import { z } from 'zod';
import { alertShape as alertChangedShape, alertView } from './alert.ts';
import { conflictShape, conflictView } from './conflict.ts';
import { progressShape, progressView, viaOf, viaShape } from './command.ts';
import { freshnessShape, freshnessView } from './freshness.ts';
import { runShape } from './run.ts';
import { scheduleChangedShape, scheduleChangedView } from './schedule.ts';
import { iso } from './times.ts';

const time = z.iso.datetime();

export const runChangedShape = runShape
  .pick({ id: true, kind: true, mode: true, state: true, counts: true, error: true })
  .extend({ slotId: z.string().nullable(), at: time, kind: z.enum(kindNames) });

export const commandChangedShape = z.object({
  commandId: z.string(),
  riderId: z.int().nullable().describe('Null with an import'),
  riders: riderCounts.nullable().describe('Of an import, when they have changed'),
  ...progressShape.shape,
  via: viaShape,
  updatedAt: time,
});

/** One permit's change: `lane` with `started`, `result` and `status` with `settled`. */
export const permitChangeShape = z.object({
  change: z.enum(['started', 'settled', 'returned']),
  permit: z.string(),
  budget: z.enum(budgetNames),
  lane: z.enum(laneNames).nullable(),
  result: outcome.shape.result.nullable(),
  status: z.int().nullable().describe('HTTP status of the answer'),
  at: time,
});
export const permitsChangedShape = z.object({ changes: z.array(permitChangeShape) });

export const alertShape = z.object({
  type: alertPayload.shape.type,
  at: time,
  budget: z.enum(budgetNames).nullable().describe('null: it is about all of them'),
  message: z.string(),
  attribution: attribution.nullable(),
});

export const sourceChangedShape = sourceChangedPayload.extend({ at: time });

export const freshnessMeasuredShape = freshnessShape.omit({ next: true });

/** The name of each thing on the stream, and how it looks there. */
export const streamShapes = {
  'run.changed': runChangedShape,
  'command.changed': commandChangedShape,
  'permits.changed': permitsChangedShape,
  conflict: conflictShape,
  alert: alertShape,
  'source.changed': sourceChangedShape,
  'alert.changed': alertChangedShape,
  'freshness.measured': freshnessMeasuredShape,
  'schedule.changed': scheduleChangedShape,
} as const;
export type StreamType = keyof typeof streamShapes;
export const streamTypes = Object.keys(streamShapes) as [StreamType, ...StreamType[]];

/** What is shown of something that was told. */
export type Shown = { [T in StreamType]: { type: T; data: z.infer<(typeof streamShapes)[T]> } }[StreamType];

type Views = {
  [N in EventName]: (
    payload: Extract<ToldEvent, { name: N }>['payload'],
    account: string,
  ) => Shown | undefined;
};

const views: Views = {
  runChanged: ({ runId, at, ...run }) => ({ type: 'run.changed', data: { id: runId, ...run, at: iso(at) } }),
  commandChanged: ({ commandId, riderId = null, riders = null, progress, at }) => ({
    type: 'command.changed',
    data: {
      commandId,
      riderId,
      riders,
      ...progressView(progress),
      via: viaOf(progress),
      updatedAt: iso(at),
    },
  }),
  permitsChanged: ({ changes }, account) => {
    const ours = changes.filter((change) => change.account === account);
    return ours.length === 0
      ? undefined
      : { type: 'permits.changed', data: { changes: ours.map(permitView) } };
  },
  conflict: ({ account: whose, endpoint, lane, ...conflict }, account) =>
    whose === account
      ? { type: 'conflict', data: conflictView({ ...conflict, budget: endpoint, blocked: lane }) }
      : undefined,
  alert: ({ account: whose, type, at, endpoint, message, attribution: doing }, account) =>
    whose === undefined || whose === account
      ? {
          type: 'alert',
          data: { type, at: iso(at), budget: endpoint ?? null, message, attribution: doing ?? null },
        }
      : undefined,
  sourceChanged: ({ at, ...change }) => ({ type: 'source.changed', data: { ...change, at: iso(at) } }),
  alertChanged: (alert) => ({ type: 'alert.changed', data: alertView(alert) }),
  freshnessMeasured: (measured) => {
    const { next: _, ...data } = freshnessView({ ...measured, next: [] });
    return { type: 'freshness.measured', data };
  },
  scheduleChanged: (schedule) => ({ type: 'schedule.changed', data: scheduleChangedView(schedule) }),
};

type PermitChange = Extract<ToldEvent, { name: 'permitsChanged' }>['payload']['changes'][number];

function permitView(change: PermitChange): z.infer<typeof permitChangeShape> {
  const ended = change.change === 'settled' ? change.outcome : undefined;
  return {
    change: change.change,
    permit: change.permit,
    budget: change.endpoint,
    lane: change.change === 'started' ? change.lane : null,
    result: ended?.result ?? null,
    status: ended?.status ?? null,
    at: iso(change.at),
  };
}

/** How something that was told is shown to whom this account belongs; undefined: it is about another one. */
export function shownAs(event: ToldEvent, account: string): Shown | undefined {
  // Each name goes with its own payload, which TypeScript can't follow through the table.
  const view = views[event.name] as (payload: unknown, account: string) => Shown | undefined;
  return view(event.payload, account);
}
