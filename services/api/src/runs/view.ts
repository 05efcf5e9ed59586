import { z } from '@hono/zod-openapi';
import { type BudgetName, budgetNames, kindNames } from '@paceline/shared/definition';
import {
  runCounts,
  runStates,
  type Unreadable,
  unreadable,
  unreadableItem,
  type UnreadableItem,
} from '@paceline/shared/contracts';
import { iso, isoTimes, type RowOf, time, traceIdOf, traceIdShape } from '../http/view.ts';

export const runShape = z
  .object({
    runId: z.string(),
    kind: z.enum(kindNames),
    state: z.enum(runStates),
    mode: z.enum(['on', 'observed']).describe('observed: plans and counts, but makes no calls'),
    slot: z.object({ slotId: z.string(), opensAt: time, closesAt: time }),
    startedAt: time,
    finishedAt: time.nullable(),
    counts: runCounts.describe(
      'Clubs or events that were planned, synced, failed or deferred to the next slot; stored: their riders, signups or results',
    ),
    unreadable: unreadable.describe(
      'Riders, events, signups and results that could not be read and were skipped; ids: the first 20',
    ),
    waitingFor: z
      .object({ budget: z.enum(budgetNames), until: time })
      .nullable()
      .describe('The call that a running rider sync waits for, and when it is expected; null: none'),
    reason: z.string().nullable().describe('Why it failed'),
    traceId: traceIdShape,
  })
  .openapi('Run');
export type RunView = z.infer<typeof runShape>;

export const triggeredRunShape = z
  .object({
    runId: z.string(),
    already: z.boolean().describe('true: already in progress or requested before'),
    reason: z
      .string()
      .nullable()
      .describe('What it waits for, such as a service that is not running; null: nothing'),
  })
  .openapi('TriggeredRun');
export type TriggeredRun = Omit<z.infer<typeof triggeredRunShape>, 'reason'>;

const callShape = z.object({
  callId: z.int(),
  budget: z.string().describe(`One of ${budgetNames.join(', ')}`),
  target: z.string().describe('The requested club, rider or event'),
  event: z
    .object({ title: z.string(), startsAt: time })
    .nullable()
    .describe('The requested event; null: none, or no longer stored'),
  reason: z.string().nullable().describe('Why this call was chosen; null: no choice was needed'),
  freshUntil: time
    .nullable()
    .describe('Until when its answer meets the freshness goals, as known when it was chosen; null: no goal'),
  status: z.int().nullable().describe('HTTP status; null without a response'),
  message: z.string(),
  startedAt: time,
  durationSeconds: z.number(),
  rawStart: z.string().nullable().describe('The start of an unreadable response'),
  unreadable: z
    .array(unreadableItem)
    .describe('The skipped items of the response; id: null if that could not be read either'),
});
export type CallView = z.infer<typeof callShape>;
export interface CallRow extends Omit<
  RowOf<CallView, 'startedAt' | 'freshUntil'>,
  'callId' | 'budget' | 'reason' | 'event' | 'durationSeconds' | 'unreadable'
> {
  readonly id: number;
  readonly endpoint: string;
  readonly because: string | null;
  readonly event: { readonly title: string; readonly startsAt: number } | null;
  readonly durationMs: number;
  readonly unreadable: readonly UnreadableItem[] | null;
}

export const runDetailShape = z
  .object({
    ...runShape.shape,
    traceUrl: z.string().nullable().describe('URL of its trace; null: API_TRACE_URL is not set'),
    calls: z.array(callShape).describe('Its upstream calls, oldest first'),
  })
  .openapi('RunDetail');
export type RunDetailView = z.infer<typeof runDetailShape>;

export interface RunListRow extends Omit<
  RowOf<RunView, 'startedAt' | 'finishedAt'>,
  'slot' | 'reason' | 'traceId' | 'unreadable' | 'waitingFor'
> {
  readonly slotId: string;
  readonly scheduledFor: number;
  readonly slotEndsAt: number;
  readonly waitingFor: { readonly budget: BudgetName; readonly until: number } | null;
  readonly error: string | null;
  readonly traceparent: string | null;
}

const none: Unreadable = { count: 0, ids: [] };

/** @param unreadable undefined: none */
export const runView = (row: RunListRow, unreadable: Unreadable = none): RunView => ({
  runId: row.runId,
  kind: row.kind,
  state: row.state,
  mode: row.mode,
  slot: { slotId: row.slotId, opensAt: iso(row.scheduledFor), closesAt: iso(row.slotEndsAt) },
  ...isoTimes(row, 'startedAt', 'finishedAt'),
  counts: row.counts,
  unreadable,
  // A process that died can have left it.
  waitingFor:
    row.state === 'running' && row.waitingFor
      ? { budget: row.waitingFor.budget, until: iso(row.waitingFor.until) }
      : null,
  reason: row.error,
  traceId: traceIdOf(row.traceparent),
});

/** @param given the unreadable items of the run @param traceUrl URL of a trace, with `:id` as the placeholder */
export function runDetailView(
  row: RunListRow,
  calls: readonly CallRow[],
  given: Unreadable | undefined,
  traceUrl: string | undefined,
): RunDetailView {
  const run = runView(row, given);
  return {
    ...run,
    traceUrl: (run.traceId !== null && traceUrl?.replace(':id', run.traceId)) || null,
    calls: calls.map(callView),
  };
}

const callView = ({ id, endpoint, because, event, durationMs, ...call }: CallRow): CallView => ({
  ...call,
  callId: id,
  budget: endpoint,
  reason: because,
  event: event && { ...event, startsAt: iso(event.startsAt) },
  durationSeconds: durationMs / 1_000,
  unreadable: [...(call.unreadable ?? [])],
  ...isoTimes(call, 'startedAt', 'freshUntil'),
});
