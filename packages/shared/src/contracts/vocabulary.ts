import { z } from 'zod';
import { kindNames, kinds, type SyncService } from '../definition/index.ts';

/** `unknown`: not called yet. */
export const sourceStates = ['unknown', 'available', 'unavailable'] as const;
export type SourceState = (typeof sourceStates)[number];

/** How far the results of an event are: requested, but not published; without ratings; rated; no longer requested. */
export const resultsStates = ['none_yet', 'unrated', 'rated', 'given_up'] as const;
export type ResultsState = (typeof resultsStates)[number];

/** Whether a kind of sync runs: not at all; as planned and counted, with no call made; or whole. */
export const syncModes = ['off', 'observed', 'on'] as const;
export type SyncMode = (typeof syncModes)[number];

export type Service = 'scheduler' | 'limiter' | SyncService | 'api';
/** The services that run syncs, and so acquire permits. */
export const syncServices: readonly SyncService[] = [
  ...new Set(kindNames.map((kind) => kinds[kind].service)),
];
export const services: readonly Service[] = ['scheduler', 'limiter', ...syncServices, 'api'];

/** Project time, ms since the epoch, within the range of a Date. */
export const timestamp = z.number().int().min(0).max(8.64e15);

/** Project ms. No upstream's window is longer: one that is named is a mistake. */
export const maxWindowMs = 7 * 86_400_000;

/** N calls in any interval of `windowMs` (project ms). */
export const policy = z.object({
  limit: z.number().int().positive(),
  windowMs: z.number().positive().max(maxWindowMs),
});
export type Policy = z.infer<typeof policy>;

/** W3C trace context, where it travels inside a payload instead of in headers. */
export const traceContext = z.object({ traceparent: z.string(), tracestate: z.string() }).partial();
export type TraceContext = z.infer<typeof traceContext>;

/** How a rider comes from upstream: by a GET for it alone, or by the next POST for up to a thousand. */
export const fetchModes = ['single', 'bulk'] as const;
export type FetchMode = (typeof fetchModes)[number];

/** By which way it is expected, or comes, as far as that is known. */
const via = z.enum(fetchModes).optional();

/** What the user of a command is shown. Moments are project ms; `null`: not known yet. */
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
  z.object({ state: z.literal('failed'), reason: z.string() }),
  z.object({ state: z.literal('expired'), reason: z.string() }),
]);
export type Progress = z.infer<typeof progress>;

/** Whether a state is the last one that a command or run will have. */
export const isFinal = ({ state }: { state: Progress['state'] }): boolean =>
  state === 'done' || state === 'failed' || state === 'expired';
