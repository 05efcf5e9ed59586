import { z } from '@hono/zod-openapi';
import { type SourceName, sourceNames } from '@paceline/shared/definition';
import { type SourceState, sourceStates } from '@paceline/shared/contracts';
import { isoOrNull, isoTimes, type RowOf, time } from '../http/view.ts';

export const sourceShape = z
  .object({
    source: z.enum(sourceNames),
    state: z.enum(sourceStates).describe('unknown: not called yet'),
    since: time.nullable(),
    status: z.int().nullable().describe('HTTP status of the last rejection'),
    reason: z.string().nullable().describe('What is wrong'),
    advice: z.string().nullable().describe('What to do about it'),
    rawStart: z.string().nullable().describe('The start of the response'),
    nextTryAt: time.nullable().describe('When an unavailable source is tried next, at the earliest'),
  })
  .openapi('Source');
type SourceView = z.infer<typeof sourceShape>;

export const sourceStatesShape = z.record(z.enum(sourceNames), z.enum(sourceStates));

export interface SourceRow extends Omit<RowOf<SourceView, 'since'>, 'since' | 'reason' | 'nextTryAt'> {
  readonly since: number;
  readonly message: string | null;
  readonly probeAt: number | null;
}

const notCalledYet = {
  state: 'unknown',
  since: null,
  status: null,
  reason: null,
  advice: null,
  rawStart: null,
  nextTryAt: null,
} as const;

export const sourcesView = (rows: readonly SourceRow[]): SourceView[] =>
  sourceNames.map((source) => {
    const row = rows.find((each) => each.source === source);
    if (!row) return { source, ...notCalledYet };
    const { probeAt, message: reason, ...rest } = row;
    return { ...rest, reason, ...isoTimes(row, 'since'), nextTryAt: isoOrNull(probeAt) };
  });

export const sourceStatesView = (rows: readonly SourceRow[]): Record<SourceName, SourceState> =>
  Object.fromEntries(sourcesView(rows).map(({ source, state }) => [source, state])) as Record<
    SourceName,
    SourceState
  >;
