import { budgetNames, kindNames, type SyncKind } from '@paceline/shared/definition';
import { runCounts, type RunCounts } from '@paceline/shared/contracts';
import { z } from 'zod';
import { iso, isoOrNull } from './times.ts';
import { traceIdOf, traceIdShape, urlOfTrace } from './trace.ts';

const time = z.iso.datetime();

export const runStates = ['running', 'done', 'failed'] as const;

/** What one slot came to. */
export const runShape = z.object({
  id: z.string(),
  kind: z.enum(kindNames),
  state: z.enum(runStates),
  mode: z.enum(['on', 'observed']).describe('An observed run plans and counts, and calls nothing'),
  slot: z.object({ id: z.string(), scheduledFor: time, endsAt: time }),
  startedAt: time,
  finishedAt: time.nullable(),
  counts: runCounts.describe(
    'Clubs or events: planned, synced, failed, left for the next slot; stored: the riders, signups or results in them',
  ),
  error: z.string().nullable(),
  traceId: traceIdShape,
});
export type RunView = z.infer<typeof runShape>;

/** A run that somebody has asked for. */
export const askedRunShape = z.object({
  runId: z.string(),
  already: z.boolean().describe('It was under way or asked for before'),
});

/** One call to upstream, good or bad. */
export const callShape = z.object({
  id: z.int(),
  endpoint: z.string().describe(`One of ${budgetNames.join(', ')}`),
  target: z.string().describe('The club, rider or event asked for'),
  because: z
    .string()
    .nullable()
    .describe('Why this was called rather than anything else; null: there was no choice'),
  status: z.int().nullable().describe('HTTP status; null when no answer came'),
  message: z.string(),
  startedAt: time,
  durationMs: z.int(),
  rawStart: z.string().nullable().describe('The start of an answer that could not be read'),
});
export type CallView = z.infer<typeof callShape>;

export const runDetailShape = runShape.extend({
  traceUrl: z.string().nullable().describe('Where its trace is shown; null: nobody has said'),
  calls: z.array(callShape).describe('Its calls to upstream, oldest first'),
});
export type RunDetailView = z.infer<typeof runDetailShape>;

export interface RunRow {
  readonly runId: string;
  readonly kind: SyncKind;
  readonly slotId: string;
  readonly mode: RunView['mode'];
  readonly scheduledFor: number;
  readonly slotEndsAt: number;
  readonly state: (typeof runStates)[number];
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly counts: RunCounts;
  readonly error: string | null;
  readonly traceparent: string | null;
}

export interface CallRow extends Omit<CallView, 'startedAt'> {
  readonly startedAt: number;
}

export const runView = (row: RunRow): RunView => ({
  id: row.runId,
  kind: row.kind,
  state: row.state,
  mode: row.mode,
  slot: { id: row.slotId, scheduledFor: iso(row.scheduledFor), endsAt: iso(row.slotEndsAt) },
  startedAt: iso(row.startedAt),
  finishedAt: isoOrNull(row.finishedAt),
  counts: row.counts,
  error: row.error,
  traceId: traceIdOf(row.traceparent),
});

/** @param traceUrl where a trace is shown, with `:id` in the place of its id */
export const runDetailView = (
  row: RunRow,
  calls: readonly CallRow[],
  traceUrl: string | undefined,
): RunDetailView => ({
  ...runView(row),
  traceUrl: urlOfTrace(traceUrl, traceIdOf(row.traceparent)),
  calls: calls.map((call) => ({ ...call, startedAt: iso(call.startedAt) })),
});
