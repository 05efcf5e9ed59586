import { monotonic, until } from '@paceline/kit/waiting';
import { leastCost, respond } from './baseline.ts';
import { contenders } from './contenders/all.ts';
import type { Address, Client, Job, Limit, Urgency } from './contenders/contender.ts';
import { breadth, depth } from './core-turns.ts';
import { serveDuties } from './processes.ts';
import { keepPromises } from './promises.ts';
import { besiege } from './siege.ts';
import { delayOf, type Network, noJitter } from './upstream.ts';

interface FloodLoad extends Record<'inFlight' | 'start' | 'slices' | 'sliceMs', number> {
  readonly keys: readonly string[];
}

/** One call as its caller and upstream saw it; ms of the monotonic clock. */
export interface Passage {
  readonly job: Job;
  readonly sentAt: number;
  readonly arrivedAt: number;
}

let client: Client;
let network: Network = noJitter;
let passages: Passage[] = [];
/** While it is shut no call returns. */
let gate: Promise<void> | undefined;
const record = (passage: Passage) => void passages.push(passage);
let onArrival: (passage: Passage) => void = record;
let jobs = 0;
/** Jobs that are handed over at once. */
const largestBatch = 2_000;

const jobOf = (key: string, urgency: Urgency): Job => {
  jobs += 1;
  return { id: `${process.pid}-${jobs}`, key, urgency, askedAt: monotonic() };
};

/** A call to upstream: it is on its way, it arrives, and is answered at once. */
async function call(job: Job): Promise<void> {
  const sentAt = monotonic();
  await gate;
  const delay = delayOf(network, Math.random);
  if (delay > 0) await until(sentAt + delay);
  onArrival({ job, sentAt, arrivedAt: monotonic() });
}

/** What a process of the bench can do. Moments are of the monotonic clock. */
const duties = {
  async open({ id, address, index }: { id: string; address: Address; index: number }): Promise<void> {
    const contender = contenders.find((each) => each.id === id);
    if (!contender) throw new Error(`nobody is called ${id}`);
    client = await contender.connect(address, call, index);
  },

  limit: (limits: readonly Limit[]): Promise<void> => client.limit(limits),

  async between(callerAndUpstream: Network): Promise<void> {
    network = callerAndUpstream;
  },

  /** Asks for `count` calls at that moment. */
  async ask(calls: { key: string; urgency?: Urgency; count?: number; at?: number }): Promise<void> {
    const { key, urgency = 'urgent', count = 1, at = 0 } = calls;
    await until(at);
    await client.submit(Array.from({ length: count }, () => jobOf(key, urgency)));
  },

  /** Keeps `inFlight` asks for each limit waiting or under way until that moment. */
  async saturate(load: { keys: readonly string[]; inFlight: number; end: number }): Promise<void> {
    const { keys, inFlight, end } = load;
    onArrival = (passage) => {
      record(passage);
      if (monotonic() < end) void client.submit([jobOf(passage.job.key, 'urgent')]);
    };
    await client.submit(keys.flatMap((key) => Array.from({ length: inFlight }, () => jobOf(key, 'urgent'))));
    await until(end);
    onArrival = record;
  },

  /** One after the other, with a pause between. Returns ms from each ask to when its call may leave. */
  async sequence(asks: { keys: readonly string[]; count: number; pauseMs: number }): Promise<number[]> {
    const { keys, count, pauseMs } = asks;
    const waits: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const { promise, resolve } = Promise.withResolvers<Passage>();
      onArrival = resolve;
      await client.submit([jobOf(keys[index % keys.length] ?? '', 'urgent')]);
      const { sentAt, job } = await promise;
      waits.push(sentAt - job.askedAt);
      if (pauseMs > 0) await until(monotonic() + pauseMs);
    }
    onArrival = record;
    return waits;
  },

  /** Keeps `inFlight` calls of whichever limit under way. Returns how many came through in each slice from `start` on. */
  async flood(load: FloodLoad): Promise<number[]> {
    const counts = Array.from({ length: load.slices }, () => 0);
    const end = load.start + load.slices * load.sliceMs;
    let turn = 0;
    let wanted: Job[] = [];
    const submit = () => {
      const batch = wanted;
      wanted = [];
      void client.submit(batch);
    };
    const want = () => {
      if (wanted.length === 0) setImmediate(submit);
      wanted.push(jobOf(load.keys[turn++ % load.keys.length] ?? '', 'urgent'));
    };
    onArrival = ({ arrivedAt }) => {
      const slice = Math.floor((arrivedAt - load.start) / load.sliceMs);
      if (slice >= 0 && slice < counts.length) counts[slice] = (counts[slice] ?? 0) + 1;
      if (arrivedAt < end) want();
    };
    for (let index = 0; index < load.inFlight; index += 1) want();
    await until(end);
    onArrival = record;
    return counts;
  },

  /** Fills the queue, then lets it drain; for each that goes an urgent one comes. Returns µs a call. */
  async deep({ key, waiting, calls }: { key: string; waiting: number; calls: number }): Promise<number> {
    const shut = Promise.withResolvers<void>();
    const enough = Promise.withResolvers<void>();
    let made = 0;
    gate = shut.promise;
    for (let from = 0; from < waiting; from += largestBatch) {
      const count = Math.min(largestBatch, waiting - from);
      await client.submit(Array.from({ length: count }, () => jobOf(key, 'bulk')));
    }
    onArrival = () => {
      made += 1;
      if (made === calls) enough.resolve();
      else if (made < calls) void client.submit([jobOf(key, 'urgent')]);
    };
    const start = monotonic();
    gate = undefined;
    shut.resolve();
    await enough.promise;
    return ((monotonic() - start) * 1_000) / calls;
  },

  respond,
  leastCost,
  besiege,
  breadth,
  depth,
  keepPromises,

  /** What was called since the last time. */
  async collect(): Promise<Passage[]> {
    const collected = passages;
    passages = [];
    return collected;
  },

  close: (): Promise<void> => client.close(),
};

export type Duties = typeof duties;

serveDuties(duties);
