import { type Source, sourceNames } from '@paceline/shared/definition';
import { type SourceState, sourceStates } from '@paceline/shared/contracts';
import { z } from 'zod';
import { iso, isoOrNull } from './times.ts';

const time = z.iso.datetime();

/** Whether upstream gives us one of its sourceNames. */
export const sourceShape = z.object({
  source: z.enum(sourceNames),
  state: z.enum(sourceStates).describe('unknown: not asked yet'),
  since: time.nullable(),
  status: z.int().nullable().describe('HTTP status of the last refusal'),
  message: z.string().nullable().describe('What is wrong'),
  advice: z.string().nullable().describe('What may be done about it'),
  rawStart: z.string().nullable().describe('The start of the answer'),
  nextTryAt: time.nullable().describe('An unavailable source is not asked again before'),
});
type SourceView = z.infer<typeof sourceShape>;

/** The state of each source. */
export const sourceStatesShape = z.record(z.enum(sourceNames), z.enum(sourceStates));

export interface SourceRow extends Omit<SourceView, 'since' | 'nextTryAt'> {
  readonly since: number;
  readonly probeAt: number | null;
}

const unasked = (source: Source): SourceView => ({
  source,
  state: 'unknown',
  since: null,
  status: null,
  message: null,
  advice: null,
  rawStart: null,
  nextTryAt: null,
});

/** All sourceNames, those that nobody has asked yet among them. */
export const sourcesView = (rows: readonly SourceRow[]): SourceView[] =>
  sourceNames.map((source) => {
    const row = rows.find((each) => each.source === source);
    if (!row) return unasked(source);
    const { since, probeAt, ...said } = row;
    return { ...said, since: iso(since), nextTryAt: isoOrNull(probeAt) };
  });

export const sourceStatesView = (rows: readonly SourceRow[]): Record<Source, SourceState> =>
  Object.fromEntries(sourcesView(rows).map(({ source, state }) => [source, state])) as Record<
    Source,
    SourceState
  >;
