import { z } from 'zod';
import { kindNames, kinds, type SyncService } from '../definition/index.ts';

/** `unknown`: not called yet. */
export const sourceStates = ['unknown', 'available', 'unavailable'] as const;
export type SourceState = (typeof sourceStates)[number];

/** Results of an event: not published yet; published without ratings; rated; no longer requested. */
export const resultsStates = ['none_yet', 'unrated', 'rated', 'given_up'] as const;
export type ResultsState = (typeof resultsStates)[number];

/** The mode of a sync kind. `observed`: it plans and counts, but makes no calls. */
export const syncModes = ['off', 'observed', 'on'] as const;
export type SyncMode = (typeof syncModes)[number];

export type Service = 'scheduler' | 'limiter' | SyncService | 'api';
/** The services that run syncs and acquire permits. */
export const syncServices: readonly SyncService[] = [
  ...new Set(kindNames.map((kind) => kinds[kind].service)),
];
/** The services whose processes announce themselves to the API. */
export type MonitoredService = Exclude<Service, 'api'>;
export const monitoredServices: readonly MonitoredService[] = ['scheduler', 'limiter', ...syncServices];
export const services: readonly Service[] = [...monitoredServices, 'api'];

/** The upstream of the syncs, whose accounts, budgets and endpoints go without its name. */
const unnamed = 'zwiftracing';

/** The upstream of an account: the text before the colon. */
export function upstreamOf(account: string): string {
  const colon = account.indexOf(':');
  return colon === -1 ? unnamed : account.slice(0, colon);
}

/** A budget or endpoint among those of all upstreams: `signups`, `weather:day`. */
export const fullName = (upstream: string, name: string): string =>
  upstream === unnamed ? name : `${upstream}:${name}`;

/** Project time, ms since the epoch, within the range of a Date. */
export const timestamp = z.number().int().min(0).max(8.64e15);

/** Project ms. A longer window reported by upstream is ignored as a mistake. */
export const maxWindowMs = 7 * 86_400_000;

/** At most `limit` calls in any interval of `windowMs`, project ms. */
export const policy = z.object({
  limit: z.number().int().positive(),
  windowMs: z.number().positive().max(maxWindowMs),
});
export type Policy = z.infer<typeof policy>;

/** W3C trace context inside a payload, where headers don't work. */
export const traceContext = z.object({ traceparent: z.string(), tracestate: z.string() }).partial();
export type TraceContext = z.infer<typeof traceContext>;

/** How a rider is fetched: by its own GET, or by the next bulk POST for up to 1000 riders. */
export const fetchModes = ['single', 'bulk'] as const;
export type FetchMode = (typeof fetchModes)[number];

/** How it will be, or is being, fetched; absent when not known yet. */
const via = z.enum(fetchModes).optional();

/** The progress of a command as users see it. Times are project ms; null when not known yet. */
export const progress = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('waiting_in_line'),
    position: z.number().int().positive(),
    at: timestamp.nullable(),
    via,
  }),
  z.object({ state: z.literal('waiting_for_window'), until: timestamp, via }),
  z.object({ state: z.literal('paused_by_upstream'), until: timestamp, via }),
  z.object({ state: z.literal('paused_by_operator'), until: timestamp, via }),
  z.object({ state: z.literal('outside_slot'), next: timestamp }),
  z.object({ state: z.literal('running'), via }),
  z.object({ state: z.literal('done') }),
  /** `cancelled`: an operator has cancelled it. Not a state of its own, so that an older service reads it, too. */
  z.object({ state: z.literal('failed'), reason: z.string(), cancelled: z.literal(true).optional() }),
  z.object({ state: z.literal('expired'), reason: z.string() }),
]);
export type Progress = z.infer<typeof progress>;

/** Whether an operator has cancelled the command. */
export const isCancelled = (progress: Progress): boolean =>
  progress.state === 'failed' && progress.cancelled === true;

/** Whether a command or run in this state has ended. */
export const isFinal = ({ state }: { state: Progress['state'] }): boolean =>
  state === 'done' || state === 'failed' || state === 'expired';
