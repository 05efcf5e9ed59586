/** Where a contender keeps its counts; decides what the bench starts for it. */
export type Home = 'memory' | 'redis' | 'redis-synced' | 'postgres' | 'limiter' | 'limiter-synced';

/** How a process connects to its contender's server. */
export interface Address {
  readonly url: string;
  /** `PACELINE_CLOCK` for a limiter. */
  readonly clock?: string;
}

/** N calls per window; Infinity for as many as possible. */
export interface ContenderLimit {
  readonly key: string;
  readonly calls: number;
  readonly windowMs: number;
  /** Max concurrent calls per process. */
  readonly concurrency: number;
}

export const urgencies = ['urgent', 'bulk', 'far'] as const;
export type Urgency = (typeof urgencies)[number];

/** One call to make. */
export interface Job {
  readonly id: string;
  /** The limit that it counts against. */
  readonly key: string;
  readonly urgency: Urgency;
  /** Ms of the monotonic clock. */
  readonly submittedAt: number;
}

/** Makes the call, in the process that the contender chooses; resolves with the response. */
export type MakeJobCall = (job: Job) => Promise<void>;

/** A contender's client in one process. */
export interface Client {
  /** Creates limits, each once and before its first job. */
  limit(limits: readonly ContenderLimit[]): Promise<void>;
  /** Submits jobs without waiting for their calls. */
  submit(jobs: readonly Job[]): Promise<void>;
  close(): Promise<void>;
}

/** A way to make a contender safer than its documentation says. */
export interface Margin {
  readonly name: string;
  apply(limit: ContenderLimit): ContenderLimit;
}

/** One product, used as its documentation says. */
export interface Contender {
  readonly id: string;
  readonly name: string;
  /** How it is used, for the table. */
  readonly as: string;
  readonly home: Home;
  /** Processes share one limit; otherwise measured with one process. */
  readonly shared: boolean;
  /** What holds its count. */
  readonly countsIn: 'process' | 'server';
  /** Whether it limits calls per time at all. */
  readonly limits: boolean;
  /** Margins to search, smallest first. */
  readonly margins: readonly Margin[];
  /** Number of limits per process in a flood. */
  readonly floodKeys: number;
  /** @param index of this process, from 0 */
  connect(address: Address, call: MakeJobCall, index: number): Promise<Client>;
}

/** Windows longer than upstream's by these shares. */
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

/** A limiter whose processes share state on a server. */
export const onServer = (home: Home): Kind => ({ ...inProcess, home, shared: true, countsIn: 'server' });

/** A client with one resource per limit, to which `submit` passes that limit's jobs. */
export function perLimit<Resource>(
  open: (limit: ContenderLimit) => Resource | Promise<Resource>,
  submit: (resource: Resource, jobs: readonly Job[]) => unknown,
  close: (all: readonly Resource[]) => unknown = () => undefined,
): Client {
  const resources = new Map<string, Resource>();
  return {
    async limit(limits) {
      for (const limit of limits) resources.set(limit.key, await open(limit));
    },
    async submit(jobs) {
      for (const [key, batch] of Map.groupBy(jobs, (job) => job.key)) {
        const resource = resources.get(key);
        if (resource !== undefined) await submit(resource, batch);
      }
    },
    async close() {
      await close([...resources.values()]);
    },
  };
}

/** Calls per window where Infinity isn't accepted. */
export const unlimited = 1e9;

/** For errors of a peer that was killed on purpose. */
export const ignore = (): undefined => undefined;
