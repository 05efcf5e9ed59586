import type { SourceName } from '../definition/index.ts';
import type { tables } from '../database/index.ts';
import { answerRules } from '../upstreams/answers.ts';
import type { UpstreamError } from '../zwiftracing/index.ts';

/** The availability of a source, as stored. Timestamps are project ms. */
export type SourceAvailability = Omit<typeof tables.sources.$inferSelect, 'source' | 'account' | 'address'>;

const noRefusals = {
  refusals: 0,
  status: null,
  message: null,
  rawStart: null,
  advice: null,
  probeAt: null,
  probes: 0,
} as const;

/** The availability of a source that was not called yet. */
export const unknownAvailability = (since: number): SourceAvailability => ({
  state: 'unknown',
  since,
  ...noRefusals,
});

const defaultMaxMissing = 3;
const otherMaxMissing: Partial<Readonly<Record<SourceName, number>>> = {
  // The event list always exists; results may not exist yet; a rider may not exist at all.
  events: 1,
  results: 10,
  riders: Number.POSITIVE_INFINITY,
};

/** Consecutive 404s after which the source itself counts as missing. */
export const maxMissing = (source: SourceName): number => otherMaxMissing[source] ?? defaultMaxMissing;

const minute = 60_000;

/** Project ms until the next probe of an unavailable source, by failed probes: 5 min to 4 h. */
export const pauseBeforeProbe = (probes: number): number => Math.min(240 * minute, 5 * minute * 2 ** probes);

/** Consecutive web pages after which a source is unavailable: two calls with their attempts. */
export const maxPages = 6;

/** The availability of a source after a call. @param error of a failed call @param others availability of the other sources */
export function afterCall(
  source: SourceName,
  before: SourceAvailability,
  error: UpstreamError | undefined,
  others: readonly SourceAvailability[],
  now: number,
): SourceAvailability {
  const shows = answerRules[error?.code ?? 'data'].source;
  if (shows === 'nothing') return before;
  if (!error || shows === 'available' || (shows === 'missing' && source === 'riders')) {
    const since = before.state === 'available' ? before.since : now;
    return { state: 'available', since, ...noRefusals };
  }
  const refusals = before.refusals + 1;
  const isPage = shows === 'wrong address';
  if (before.state === 'unavailable' && isPage)
    return { ...before, refusals, probeAt: now + pauseBeforeProbe(before.probes) };
  const max = isPage ? maxPages : shows === 'missing' ? maxMissing(source) : 1;
  if (refusals < max && before.state !== 'unavailable') return { ...before, refusals };
  return {
    state: 'unavailable',
    since: before.state === 'unavailable' ? before.since : now,
    refusals,
    status: error.status ?? null,
    message: error.message,
    rawStart: error.rawStart ?? null,
    advice: adviceOn(source, error, others),
    probeAt: now + pauseBeforeProbe(before.probes),
    // Behind a page the source may be well: its probes don't become rare.
    probes: isPage ? 0 : before.probes + 1,
  };
}

/** The setting of a source's address or ids. */
const settings: Partial<Record<SourceName, string>> = {
  clubs: 'ZWIFTRACING_CLUB_IDS',
  events: 'ZWIFTRACING_EVENTS_PATH',
  signups: 'ZWIFTRACING_SIGNUPS_PATH',
};

function adviceOn(
  source: SourceName,
  { code }: UpstreamError,
  others: readonly SourceAvailability[],
): string {
  if (code === 'unauthorized')
    return 'Check ZWIFTRACING_API_KEY, and whether it includes this part of the API.';
  const known = others.filter(({ state }) => state !== 'unknown');
  if (known.length > 0 && known.every(({ state, status }) => state === 'unavailable' && status === 404))
    return 'This host answers 404 to every request: check ZWIFTRACING_BASE_URL.';
  const own = settings[source] ?? 'ZWIFTRACING_BASE_URL';
  if (code !== 'web_page') return `Check ${own}.`;
  // Where other sources answer with data, the base URL is right.
  const setting = others.some(({ state }) => state === 'available') ? own : 'ZWIFTRACING_BASE_URL';
  return `ZwiftRacing may be under maintenance, or a gateway blocks Paceline: if it lasts, check ${setting}.`;
}

/** Whether a source can be called now: an unavailable one only when a probe is due. */
export const canCall = ({ state, probeAt }: SourceAvailability, now: number): boolean =>
  state !== 'unavailable' || now >= (probeAt ?? 0);
