import type { Source } from '../definition/index.ts';
import type { SourceState } from '../contracts/index.ts';
import { isPage, type UpstreamError } from '../zwiftracing/index.ts';

/** How a source stands. Moments are project ms. */
export interface Standing {
  readonly state: SourceState;
  /** Since when it is so. */
  readonly since: number;
  /** How many refusals there were in a row. */
  readonly refusals: number;
  /** The last refusal. */
  readonly status: number | null;
  readonly message: string | null;
  readonly rawStart: string | null;
  /** What may be done about it. */
  readonly advice: string | null;
  /** Before this moment an unavailable source is not asked again; null: it is not unavailable. */
  readonly probeAt: number | null;
  /** How often it was refused since it is unavailable. */
  readonly probes: number;
}

const nothingWrong = {
  refusals: 0,
  status: null,
  message: null,
  rawStart: null,
  advice: null,
  probeAt: null,
  probes: 0,
} as const;

/** Nobody has asked it yet. */
export const unasked = (now: number): Standing => ({ state: 'unknown', since: now, ...nothingWrong });

/** So many 404s in a row are not about what was asked for. The list of events is always there. */
const enough: Readonly<Record<Source, number>> = {
  events: 1,
  clubs: 3,
  signups: 3,
  // Results may not be there yet.
  results: 10,
  // Anybody may ask for a rider that does not exist.
  riders: Number.POSITIVE_INFINITY,
};

const minute = 60_000;
const shortestPause = 5 * minute;
const longestPause = 4 * 60 * minute;

/** Project ms until an unavailable source is asked again, after so many times in vain. */
export const pauseBeforeProbe = (probes: number): number =>
  Math.min(longestPause, shortestPause * 2 ** probes);

/** What an answer, or the error that came instead, says of the source; undefined: nothing. */
function verdictOn(
  source: Source,
  error: UpstreamError | undefined,
): 'gives' | 'refuses' | 'gone' | undefined {
  if (!error) return 'gives';
  if (error.code === 'unauthorized') return 'gone';
  if (error.code !== 'not_found') return undefined;
  if (isPage(error.rawStart ?? '')) return 'gone';
  return source === 'riders' ? 'gives' : 'refuses';
}

/**
 * How a source stands after a call.
 * @param error what came instead of an answer
 * @param others how the other sources stand
 */
export function afterCall(
  source: Source,
  before: Standing,
  error: UpstreamError | undefined,
  others: readonly Standing[],
  now: number,
): Standing {
  const verdict = verdictOn(source, error);
  if (!verdict) return before;
  if (!error || verdict === 'gives') {
    const since = before.state === 'available' ? before.since : now;
    return { state: 'available', since, ...nothingWrong };
  }
  const refusals = before.refusals + 1;
  if (verdict === 'refuses' && before.state !== 'unavailable' && refusals < enough[source])
    return { ...before, refusals };
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

function adviceOn(source: Source, { code, rawStart }: UpstreamError, others: readonly Standing[]): string {
  if (code === 'unauthorized') return 'Is ZWIFTRACING_API_KEY right, and is it given this?';
  const known = others.filter(({ state }) => state !== 'unknown');
  if (known.length > 0 && known.every(({ state, status }) => state === 'unavailable' && status === 404))
    return 'Whatever was asked, this host answers 404: is ZWIFTRACING_BASE_URL right?';
  if (isPage(rawStart ?? '')) return 'Nothing is served at this address: is ZWIFTRACING_BASE_URL right?';
  const variable = pathVariables[source];
  return variable ? `Is ${variable} right?` : 'Is ZWIFTRACING_BASE_URL right?';
}

/** Whether it may be asked: an unavailable source only once in a while. */
export const mayAsk = ({ state, probeAt }: Standing, now: number): boolean =>
  state !== 'unavailable' || now >= (probeAt ?? 0);
