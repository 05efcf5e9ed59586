import type { BudgetName, Color, Limit, SyncKind, Tier } from '../definition/index.ts';
import type { Dialect } from './dialect.ts';

/* An upstream as the rest of the code knows it: its file, checked, with durations in project ms and every default filled in. */

export interface Upstream<Name extends string = string> {
  readonly name: string;
  readonly label: string;
  /** As in the file, without a trailing slash; a variable can replace it. */
  readonly baseUrl: string;
  readonly auth: Auth;
  readonly budgets: Readonly<Record<Name, BudgetDefinition>>;
  readonly endpoints: Readonly<Record<Name, EndpointDefinition>>;
  readonly lanes: Readonly<Record<string, LaneDefinition>>;
  readonly dialect: Dialect;
}

/** The upstream of the syncs, which call its endpoints by name. */
export type SyncUpstream = Upstream<BudgetName>;

/** The upstreams of `UPSTREAMS`, by name. */
export type Upstreams = Readonly<Record<string, Upstream>> & { readonly zwiftracing: SyncUpstream };

/** Where the key goes: a header, after `prefix`, or a parameter of the query. */
export interface Auth {
  readonly in: 'header' | 'query';
  readonly name: string;
  readonly prefix: string;
  /** The variable that holds the key. */
  readonly secret: string;
}

/** One window with its limit. */
export interface BudgetDefinition {
  readonly label: string;
  /** The documented limit of each tier, used until upstream reports another. */
  readonly limits: Readonly<Record<Tier, Limit>>;
  /** `sliding`: in any interval of `windowMs`. `aligned`: counted from 0 at multiples of `windowMs` since the Unix epoch. */
  readonly resets: 'sliding' | 'aligned';
  /** Whether lanes that are not forced may use only the share of the window that has passed. */
  readonly paced: boolean;
  /** Calls of a window that are reserved for forced lanes, in windows of more than one call. */
  readonly reserve: number;
  /** Whether calls that upstream rejects count in the window. */
  readonly rejectedCount: boolean;
}

/** Calls for which permits are requested under one name. */
export interface EndpointDefinition {
  readonly label: string;
  /** What a call fetches, written before its target: `signups of event 77`. */
  readonly fetches: string;
  /** The part of the API that these calls read. A key can have access to some parts only. */
  readonly source: string;
  /** `GET /clubs/:id`: a method and a path below the base URL; `:name` is one segment. */
  readonly calls: readonly string[];
  /** The budgets in which a call counts. */
  readonly budgets: readonly string[];
  /** How many ids one call can request. */
  readonly batch: number;
  /** Too short a timeout loses the response and, on a scarce budget, the hour's only call. */
  readonly timeoutMs: number;
  /** Duration of a call, used until some were measured. */
  readonly typicalMs: number;
}

export interface LaneDefinition {
  readonly label: string;
  readonly color: Color;
  readonly forced: boolean;
  readonly headStartMs: number;
  /** The sync whose calls it carries: two lanes of one sync don't delay each other. */
  readonly sync: SyncKind | undefined;
}
