import type { LimitText } from './units.ts';

export interface BudgetEntry {
  readonly label: string;
  /** What a call is for, before its target: `signups of event 77`. */
  readonly fetches: string;
  /** The part of the API that these calls read: a key may be given one part and not another. */
  readonly source: string;
  /** The calls that share the limit, below the base URL; `:name` is one segment. */
  readonly calls: readonly `${'GET' | 'POST'} /${string}`[];
  /** What the vendor documents for each tier: where a budget begins until upstream itself says otherwise. */
  readonly limits: { readonly standard: LimitText; readonly premium: LimitText };
  /** How many things one call may name; one, unless it says so. */
  readonly batch?: number;
  /** Places of a window that only forced lanes may use, where the window has several. */
  readonly reserve: number;
  /** A call is given up after this long. Giving up early loses the answer and, on a scarce budget, the hour's only call. */
  readonly timeout: string;
  /** How long a call usually takes, until some were seen. */
  readonly typical: string;
}

/** Calls that share one upstream limit. A budget's name is also the endpoint of a permit. */
export const budgets = {
  clubs: {
    label: 'Clubs',
    fetches: 'club',
    source: 'clubs',
    calls: ['GET /public/clubs/:id', 'GET /public/clubs/:id/:from'],
    limits: { standard: '1 per 60m', premium: '10 per 60m' },
    reserve: 1,
    // A full page takes over a minute to its first byte.
    timeout: '3m',
    typical: '60s',
  },
  riders_bulk: {
    label: 'Riders, many at once',
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
    label: 'Riders, one by one',
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
    label: 'List of events',
    fetches: 'events:',
    source: 'events',
    calls: ['GET /public/events/upcoming', 'GET /public/events/:id'],
    // Undocumented, as the next one is: a careful guess.
    limits: { standard: '1 per 1m', premium: '1 per 1m' },
    reserve: 0,
    timeout: '30s',
    typical: '2s',
  },
  signups: {
    label: 'Signups of an event',
    fetches: 'signups of event',
    source: 'signups',
    calls: ['GET /public/event_signups/:id'],
    limits: { standard: '1 per 1m', premium: '1 per 1m' },
    reserve: 0,
    timeout: '30s',
    typical: '2s',
  },
} as const satisfies Readonly<Record<string, BudgetEntry>>;
