import type { Source } from '../definition/index.ts';
import type { tables } from '../database/index.ts';
import { isPage, type UpstreamError } from '../zwiftracing/index.ts';

/** Whether upstream gives us a source, as its row holds it. Moments are project ms. */
export type SourceAvailability = Omit<typeof tables.sources.$inferSelect, 'source' | 'account' | 'address'>;

const nothingWrong = {
  refusals: 0,
  status: null,
  message: null,
  rawStart: null,
  advice: null,
  probeAt: null,
  probes: 0,
} as const;

/** It was not called yet. */
export const unknown = (since: number): SourceAvailability => ({ state: 'unknown', since, ...nothingWrong });

/** Consecutive 404s after which they are not about what was requested. */
const usuallyMissing = 3;
const missing: Partial<Readonly<Record<Source, number>>> = {
  // The list of events is always there, results may not be there yet, and a rider may not exist at all.
  events: 1,
  results: 10,
  riders: Number.POSITIVE_INFINITY,
};

const minute = 60_000;

/** Project ms until an unavailable source is probed again, after a number of failed probes: 5 min to 4 h. */
export const pauseBeforeProbe = (probes: number): number => Math.min(240 * minute, 5 * minute * 2 ** probes);

/** What an answer, or the error that came instead, says of the source; undefined: nothing. */
function verdictOn(source: Source, error?: UpstreamError): 'gives' | 'refuses' | 'gone' | undefined {
  if (!error) return 'gives';
  if (error.code === 'unauthorized') return 'gone';
  if (error.code !== 'not_found') return undefined;
  if (isPage(error.rawStart ?? '')) return 'gone';
  return source === 'riders' ? 'gives' : 'refuses';
}

/** The availability of a source after a call. @param error what came instead of an answer @param others of other sources */
export function afterCall(
  source: Source,
  before: SourceAvailability,
  error: UpstreamError | undefined,
  others: readonly SourceAvailability[],
  now: number,
): SourceAvailability {
  const verdict = verdictOn(source, error);
  if (!verdict) return before;
  if (!error || verdict === 'gives') {
    const since = before.state === 'available' ? before.since : now;
    return { state: 'available', since, ...nothingWrong };
  }
  const refusals = before.refusals + 1;
  const isUsual = verdict === 'refuses' && refusals < (missing[source] ?? usuallyMissing);
  if (isUsual && before.state !== 'unavailable') return { ...before, refusals };
  return {
    state: 'unavailable',
    since: before.state === 'unavailable' ? before.since : now,
    refusals,
    status: error.status ?? null,
    message: error.message,
    rawStart: error.rawStart ?? null,
    advice: adviceOn(source, error, others),
    probeAt: now + pauseBeforeProbe(before.probes),
    probes: before.probes + 1,
  };
}

const pathVariables: Partial<Record<Source, string>> = {
  events: 'ZWIFTRACING_EVENTS_PATH',
  signups: 'ZWIFTRACING_SIGNUPS_PATH',
};

function adviceOn(
  source: Source,
  { code, rawStart }: UpstreamError,
  others: readonly SourceAvailability[],
): string {
  if (code === 'unauthorized') return 'Is ZWIFTRACING_API_KEY right, and is it given this?';
  const known = others.filter(({ state }) => state !== 'unknown');
  if (known.length > 0 && known.every(({ state, status }) => state === 'unavailable' && status === 404))
    return 'Whatever was asked, this host answers 404: is ZWIFTRACING_BASE_URL right?';
  if (isPage(rawStart ?? '')) return 'Nothing is served at this address: is ZWIFTRACING_BASE_URL right?';
  const variable = pathVariables[source];
  return variable ? `Is ${variable} right?` : 'Is ZWIFTRACING_BASE_URL right?';
}

/** An unavailable source may be called only once in a while. */
export const mayCall = ({ state, probeAt }: SourceAvailability, now: number): boolean =>
  state !== 'unavailable' || now >= (probeAt ?? 0);
