import type { SourceRow } from '../source.ts';
import type { Condition } from './condition.ts';
import { time } from './words.ts';

/** Upstream does not give us a source. */
export const unavailableSources = (rows: readonly SourceRow[]): Condition[] =>
  rows
    .filter(({ state }) => state === 'unavailable')
    .map(({ source, message, advice, probeAt, since }) => ({
      type: 'source_unavailable',
      key: `source_unavailable:${source}`,
      severity: 'error',
      title: `Upstream does not give us its ${source}`,
      why: `${message ?? 'It refuses'}.${probeAt === null ? '' : ` It is asked again from ${time(probeAt)} on.`}`,
      todo: advice ?? 'See GET /v1/sources.',
      since,
      isNews: false,
    }));
