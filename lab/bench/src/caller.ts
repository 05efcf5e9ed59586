import { monotonic, until } from '@paceline/kit/waiting';
import { requestAndAppend, respond } from './baseline.ts';
import { contenders } from './contenders/all.ts';
import type { Address, Client, Job, ContenderLimit, Urgency } from './contenders/contender.ts';
import { breadth, depth, fullWindow } from './core-turns.ts';
import { serveDuties } from './processes.ts';
import { recordEstimates } from './estimates.ts';
import { killAtStep } from './kill-at-step.ts';
import { delayOf, type CallLatency, noJitter } from './upstream.ts';

interface FloodLoad extends Record<'inFlight' | 'start' | 'slices' | 'sliceMs', number> {
  readonly keys: readonly string[];
}

/** One call; ms of the monotonic clock. */
export interface CallRecord {
  readonly job: Job;
  readonly sentAt: number;
  readonly arrivedAt: number;
}

let client: Client;
let network: CallLatency = noJitter;
let records: CallRecord[] = [];
/** While unresolved, no call returns. */
let gate: Promise<void> | undefined;
const record = (call: CallRecord) => void records.push(call);
let onArrival: (call: CallRecord) => void = record;
let jobs = 0;
/** Jobs submitted at once. */
const largestBatch = 2_000;

const jobOf = (key: string, urgency: Urgency): Job => {
  jobs += 1;
  return { id: `${process.pid}-${jobs}`, key, urgency, submittedAt: monotonic() };
};

/** A call to upstream: it travels, arrives, and is answered at once. */
async function call(job: Job): Promise<void> {
  const sentAt = monotonic();
  await gate;
  const delay = delayOf(network, Math.random);
  if (delay > 0) await until(sentAt + delay);
  onArrival({ job, sentAt, arrivedAt: monotonic() });
}

/** What a bench process can do. Times are of the monotonic clock. */
const duties = {
  async open({ id, address, index }: { id: string; address: Address; index: number }): Promise<void> {
    const contender = contenders.find((each) => each.id === id);
    if (!contender) throw new Error(`no contender ${id}`);
    client = await contender.connect(address, call, index);
  },

  limit: (limits: readonly ContenderLimit[]): Promise<void> => client.limit(limits),

  async between(callerAndUpstream: CallLatency): Promise<void> {
    network = callerAndUpstream;
  },

  /** Submits `count` jobs at a time. */
  async request(calls: { key: string; urgency?: Urgency; count?: number; at?: number }): Promise<void> {
    const { key, urgency = 'urgent', count = 1, at = 0 } = calls;
    await until(at);
    await client.submit(Array.from({ length: count }, () => jobOf(key, urgency)));
  },

  /** Keeps `inFlight` jobs per limit waiting or running until `end`. */
  async saturate(load: { keys: readonly string[]; inFlight: number; end: number }): Promise<void> {
    const { keys, inFlight, end } = load;
    onArrival = (call) => {
      record(call);
      if (monotonic() < end) void client.submit([jobOf(call.job.key, 'urgent')]);
    };
    await client.submit(keys.flatMap((key) => Array.from({ length: inFlight }, () => jobOf(key, 'urgent'))));
    await until(end);
    onArrival = record;
  },

  /** Submits jobs one after the other, with pauses. @returns ms from each submission until its call is allowed */
  async sequence(options: { keys: readonly string[]; count: number; pauseMs: number }): Promise<number[]> {
    const { keys, count, pauseMs } = options;
    const waits: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const { promise, resolve } = Promise.withResolvers<CallRecord>();
      onArrival = resolve;
      await client.submit([jobOf(keys[index % keys.length] ?? '', 'urgent')]);
      const { sentAt, job } = await promise;
      waits.push(sentAt - job.submittedAt);
      if (pauseMs > 0) await until(monotonic() + pauseMs);
    }
    onArrival = record;
    return waits;
  },

  /** Keeps `inFlight` calls over all limits running. @returns calls per time slice from `start` */
  async flood(load: FloodLoad): Promise<number[]> {
    const counts = Array.from({ length: load.slices }, () => 0);
    const end = load.start + load.slices * load.sliceMs;
    let submitted = 0;
    let pending: Job[] = [];
    const submit = () => {
      const batch = pending;
      pending = [];
      void client.submit(batch);
    };
    const add = () => {
      if (pending.length === 0) setImmediate(submit);
      pending.push(jobOf(load.keys[submitted++ % load.keys.length] ?? '', 'urgent'));
    };
    onArrival = ({ arrivedAt }) => {
      const slice = Math.floor((arrivedAt - load.start) / load.sliceMs);
      if (slice >= 0 && slice < counts.length) counts[slice] = (counts[slice] ?? 0) + 1;
      if (arrivedAt < end) add();
    };
    for (let index = 0; index < load.inFlight; index += 1) add();
    await until(end);
    onArrival = record;
    return counts;
  },

  /** Fills the queue, then lets it drain; each call is followed by an urgent job. @returns µs per call */
  async deep({ key, waiting, calls }: { key: string; waiting: number; calls: number }): Promise<number> {
    const opened = Promise.withResolvers<void>();
    const enough = Promise.withResolvers<void>();
    let made = 0;
    gate = opened.promise;
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
    opened.resolve();
    await enough.promise;
    return ((monotonic() - start) * 1_000) / calls;
  },

  respond,
  requestAndAppend,
  killAtStep,
  breadth,
  depth,
  fullWindow,
  recordEstimates,

  /** Calls since the last time. */
  async collect(): Promise<CallRecord[]> {
    const collected = records;
    records = [];
    return collected;
  },

  close: (): Promise<void> => client.close(),
};

export type Duties = typeof duties;

serveDuties(duties);
