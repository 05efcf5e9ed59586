import { z } from '@hono/zod-openapi';
import { type Source, sourceNames } from '@paceline/shared/definition';
import { type SourceState, sourceStates } from '@paceline/shared/contracts';
import { isoOrNull, isoTimes, type RowOf, time } from '../http/view.ts';

export const sourceShape = z
  .object({
    source: z.enum(sourceNames),
    state: z.enum(sourceStates).describe('unknown: not asked yet'),
    since: time.nullable(),
    status: z.int().nullable().describe('HTTP status of the last refusal'),
    message: z.string().nullable().describe('What is wrong'),
    advice: z.string().nullable().describe('What may be done about it'),
    rawStart: z.string().nullable().describe('The start of the answer'),
    nextTryAt: time.nullable().describe('An unavailable source is not asked again before'),
  })
  .openapi('Source');
type SourceView = z.infer<typeof sourceShape>;

export const sourceStatesShape = z.record(z.enum(sourceNames), z.enum(sourceStates));

export interface SourceRow extends Omit<RowOf<SourceView, 'since'>, 'since' | 'nextTryAt'> {
  readonly since: number;
  readonly probeAt: number | null;
}

const notAskedYet = {
  state: 'unknown',
  since: null,
  status: null,
  message: null,
  advice: null,
  rawStart: null,
  nextTryAt: null,
} as const;

export const sourcesView = (rows: readonly SourceRow[]): SourceView[] =>
  sourceNames.map((source) => {
    const row = rows.find((each) => each.source === source);
    if (!row) return { source, ...notAskedYet };
    const { probeAt, ...rest } = row;
    return { ...rest, ...isoTimes(row, 'since'), nextTryAt: isoOrNull(probeAt) };
  });

export const sourceStatesView = (rows: readonly SourceRow[]): Record<Source, SourceState> =>
  Object.fromEntries(sourcesView(rows).map(({ source, state }) => [source, state])) as Record<
    Source,
    SourceState
  >;
