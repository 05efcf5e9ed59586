/** Where a contender keeps what it counts: what the bench has to start for it. */
export type Home = 'memory' | 'redis' | 'redis-synced' | 'postgres' | 'limiter' | 'limiter-synced';

/** How a process reaches what was started for its contender. */
export interface Address {
  readonly url: string;
  /** `PACELINE_CLOCK`, of a limiter. */
  readonly clock?: string;
}

/** N calls per window; Infinity asks for as many as it can manage. */
export interface Limit {
  readonly key: string;
  readonly calls: number;
  readonly windowMs: number;
  /** How many calls one process may have under way. */
  readonly concurrency: number;
}

export const urgencies = ['urgent', 'bulk', 'far'] as const;
export type Urgency = (typeof urgencies)[number];

/** One call that somebody wants to make. */
export interface Job {
  readonly id: string;
  /** The limit that it counts against. */
  readonly key: string;
  readonly urgency: Urgency;
  /** When it was handed over, ms of the monotonic clock. */
  readonly askedAt: number;
}

/** Makes the call, in whichever process the contender lets it go; resolves with its answer. */
export type MakeCall = (job: Job) => Promise<void>;

/** A contender as one process uses it. */
export interface Client {
  /** Makes limits, each once and before its first job. */
  limit(limits: readonly Limit[]): Promise<void>;
  /** Hands jobs over; does not wait for their calls. */
  submit(jobs: readonly Job[]): Promise<void>;
  close(): Promise<void>;
}

/** A way to make a contender safer than its documentation says. */
export interface Margin {
  readonly name: string;
  apply(limit: Limit): Limit;
}

/** One product, used as its documentation says. */
export interface Contender {
  readonly id: string;
  readonly name: string;
  /** How it is used, in a few words for the table. */
  readonly as: string;
  readonly home: Home;
  /** Whether processes share one limit; otherwise it is measured with one process only. */
  readonly shared: boolean;
  /** What must die for its count to be in danger. */
  readonly countsIn: 'process' | 'server';
  /** Whether it keeps a limit of calls per time at all. */
  readonly limits: boolean;
  /** Margins to search, smallest first. */
  readonly margins: readonly Margin[];
  /** How many limits each process spreads a flood of jobs over. */
  readonly floodKeys: number;
  /** @param index which of the processes this is, from 0 */
  connect(address: Address, call: MakeCall, index: number): Promise<Client>;
}

/** Windows that are kept longer than upstream's, by these shares. */
export const longerWindows: readonly Margin[] = [0.06, 0.12, 0.25, 0.65, 1].map((share) => ({
  name: `window + ${Math.round(share * 100)} %`,
  apply: (limit) => ({ ...limit, windowMs: limit.windowMs * (1 + share) }),
}));

type Kind = Omit<Contender, 'id' | 'name' | 'as' | 'connect'>;

/** A limiter within one process. */
export const inProcess: Kind = {
  home: 'memory',
  shared: false,
  countsIn: 'process',
  limits: true,
  margins: longerWindows,
  floodKeys: 1,
};

/** One whose processes share what a server keeps. */
export const onServer = (home: Home): Kind => ({ ...inProcess, home, shared: true, countsIn: 'server' });

/** A client with something of its own for each limit, which `submit` hands jobs of that limit to. */
export function perLimit<Own>(
  open: (limit: Limit) => Own | Promise<Own>,
  submit: (own: Own, jobs: readonly Job[]) => unknown,
  close: (all: readonly Own[]) => unknown = () => undefined,
): Client {
  const owns = new Map<string, Own>();
  return {
    async limit(limits) {
      for (const limit of limits) owns.set(limit.key, await open(limit));
    },
    async submit(jobs) {
      for (const [key, same] of Map.groupBy(jobs, (job) => job.key)) {
        const own = owns.get(key);
        if (own !== undefined) await submit(own, same);
      }
    },
    async close() {
      await close([...owns.values()]);
    },
  };
}

/** Calls per window, where infinity can't be said. */
export const unlimited = 1e9;

/** For errors of a peer that was killed on purpose. */
export const ignore = (): undefined => undefined;
