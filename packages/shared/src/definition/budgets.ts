import type { LimitText } from './units.ts';

export interface BudgetEntry {
  readonly label: string;
  /** What a call fetches, written before its target: `signups of event 77`. */
  readonly fetches: string;
  /** The part of the API that these calls read. A key can have access to some parts only. */
  readonly source: string;
  /** The calls that share the limit, as paths below the base URL; `:name` is one segment. */
  readonly calls: readonly `${'GET' | 'POST'} /${string}`[];
  /** The documented limit of each tier, used until upstream reports another. */
  readonly limits: { readonly standard: LimitText; readonly premium: LimitText };
  /** How many ids one call can request; default 1. */
  readonly batch?: number;
  /** Calls of a window that are reserved for forced lanes, in windows of more than one call. */
  readonly reserve: number;
  /** Timeout of a call. Too short a timeout loses the response and, on a scarce budget, the hour's only call. */
  readonly timeout: string;
  /** Typical duration of a call, used until some were measured. */
  readonly typical: string;
}

/** Calls that share one upstream limit. Permits name their budget as `endpoint`. */
export const budgets = {
  clubs: {
    label: 'Clubs',
    fetches: 'club',
    source: 'clubs',
    calls: ['GET /public/clubs/:id', 'GET /public/clubs/:id/:from'],
    limits: { standard: '1 per 60m', premium: '10 per 60m' },
    reserve: 1,
    // The first byte of a full page takes over a minute.
    timeout: '3m',
    typical: '60s',
  },
  riders_bulk: {
    label: 'Riders (bulk)',
    fetches: 'riders',
    source: 'riders',
    calls: ['POST /public/riders', 'POST /public/riders/:epoch'],
    limits: { standard: '1 per 15m', premium: '10 per 15m' },
    batch: 1_000,
    reserve: 1,
    timeout: '3m',
    typical: '50s',
  },
  riders_single: {
    label: 'Riders (single)',
    fetches: 'rider',
    source: 'riders',
    calls: ['GET /public/riders/:id', 'GET /public/riders/:id/:epoch'],
    limits: { standard: '5 per 1m', premium: '10 per 1m' },
    reserve: 1,
    timeout: '30s',
    typical: '2s',
  },
  results: {
    label: 'Results',
    fetches: 'results of event',
    source: 'results',
    calls: ['GET /public/results/:id', 'GET /public/zp/:id/results'],
    limits: { standard: '1 per 1m', premium: '1 per 1m' },
    reserve: 0,
    timeout: '30s',
    typical: '2s',
  },
  events: {
    label: 'Event list',
    fetches: 'events:',
    source: 'events',
    calls: ['GET /public/events/upcoming', 'GET /public/events/:id'],
    // Undocumented, like `signups` below: a cautious guess.
    limits: { standard: '1 per 1m', premium: '1 per 1m' },
    reserve: 0,
    timeout: '30s',
    typical: '2s',
  },
  signups: {
    label: 'Signups',
    fetches: 'signups of event',
    source: 'signups',
    calls: ['GET /public/event_signups/:id'],
    limits: { standard: '1 per 1m', premium: '1 per 1m' },
    reserve: 0,
    timeout: '30s',
    typical: '2s',
  },
} as const satisfies Readonly<Record<string, BudgetEntry>>;
