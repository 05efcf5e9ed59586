import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import {
  type Clock,
  type ClockSetting,
  createClock,
  type ManualMachine,
  manualMachine,
} from '../clock/index.ts';
import { eventually } from './eventually.ts';
import { allRepliesReceived, bytesMoved, pingBroker, unwatched } from './pending-io.ts';

/**
 * Time that a test controls. It is stopped while I/O is pending, and jumps from timer to timer while the test waits for
 * something, so that a slow machine makes a test slower but changes nothing else.
 */
export interface TestTime {
  readonly clock: Clock;
  /**
   * Advances time until `check` passes. @returns its result
   * @param check throws or rejects until the condition is met, like an assertion
   * @param within project ms, after which the last failure of `check` is thrown
   */
  until<T>(check: () => T | Promise<T>, within?: number): Promise<T>;
  /** Advances time until `work` is done. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Advances time by `ms` of project time. */
  pass(ms: number): Promise<void>;
  /** Returns once no I/O is pending, without advancing time. */
  quiet(): Promise<void>;
}

/** When test time starts: an evening, when races start, and the same in every run. */
export const testEvening = Date.UTC(2026, 10, 24, 18);

const aDay = 86_400_000;
/** Real ms, for waits that no timer ends, such as for a server to start. */
const realTimeoutMs = 60_000;
const nestedWait = new Error('a check cannot wait for time, which only advances after the check');

/**
 * @param broker a connection that is only used to check whether the broker is idle
 * @param setting of the clock, which starts at its anchor
 */
export function testTime(broker: NatsConnection, setting: ClockSetting): TestTime {
  const machine = manualMachine(setting.anchor);
  const clock = createClock(setting, machine);
  const traffic = watchTraffic(broker);
  const addWaiter = advanceForWaiters(machine, traffic);
  /** Retries `attempt` while it returns undefined. Rejects when it throws. */
  const wait = <T>(attempt: (next: number | undefined) => Promise<{ readonly value: T } | undefined>) =>
    new Promise<T>((resolve, reject) =>
      addWaiter({
        reject,
        async check(next) {
          try {
            const found = await attempt(next);
            if (found) resolve(found.value);
            return found !== undefined;
          } catch (error) {
            reject(error);
            return true;
          }
        },
      }),
    );
  return {
    clock,
    quiet: traffic.quiet,
    until<T>(check: () => T | Promise<T>, within = aDay) {
      const end = machine.now() + clock.toRealMs(within);
      const startedAt = performance.now();
      return wait<T>(async (next) => {
        try {
          return { value: await check() };
        } catch (error) {
          const isOver = next === undefined ? performance.now() - startedAt > realTimeoutMs : next > end;
          if (isOver || error === nestedWait) throw error;
          return undefined;
        }
      });
    },
    during<T>(work: Promise<T>) {
      let isDone = false;
      const markDone = () => (isDone = true);
      work.then(markDone, markDone);
      return wait<T>(async () => (isDone ? { value: await work } : undefined));
    },
    pass(ms) {
      let isOver = false;
      machine.after(clock.toRealMs(ms), () => (isOver = true));
      return wait<void>(async () => (isOver ? { value: undefined } : undefined));
    },
  };
}

interface TimeWaiter {
  /** Whether its wait has ended. @param next time of the next timer; undefined: none is set */
  check(next: number | undefined): Promise<boolean>;
  readonly reject: (error: unknown) => void;
}

/** Advances time while there are waiters. They share one time, which moves once none of them can continue. */
function advanceForWaiters(machine: ManualMachine, traffic: Traffic): (waiter: TimeWaiter) => void {
  const waiters = new Set<TimeWaiter>();
  const checking = new AsyncLocalStorage<true>();
  let running = false;

  /** Checks each waiter. @returns whether any wait has ended */
  async function checkAll(): Promise<boolean> {
    let anyEnded = false;
    for (const waiter of waiters) {
      if (!(await checking.run(true, () => waiter.check(machine.next())))) continue;
      waiters.delete(waiter);
      anyEnded = true;
    }
    return anyEnded;
  }

  async function run(): Promise<void> {
    running = true;
    try {
      while (waiters.size > 0) {
        await traffic.quiet();
        if (await checkAll()) continue;
        // A check can leave pending I/O behind.
        if (traffic.hasMoved()) await traffic.roundTrip();
        if (traffic.hasMoved()) await traffic.quiet();
        const next = machine.next();
        if (next === undefined) {
          await sleep(5);
        } else {
          // The broker's timestamps, in whole ms, must belong to the time before the move.
          while (Date.now() <= traffic.movedAt()) await nextTurn();
          machine.moveTo(next);
        }
      }
    } catch (error) {
      for (const each of waiters) each.reject(error);
      waiters.clear();
    } finally {
      // Synchronously, so that the next waiter restarts the loop.
      running = false;
    }
  }

  return (waiter) => {
    if (checking.getStore()) throw nestedWait;
    waiters.add(waiter);
    if (!running) void run();
  };
}

/** The pending I/O of this process. */
interface Traffic {
  /** Whether bytes have moved since the last call. */
  hasMoved(): boolean;
  /** The real time at which bytes were last seen to have moved. */
  movedAt(): number;
  /** Takes one round trip through the broker. */
  roundTrip(): Promise<void>;
  /** Returns once no I/O is pending. */
  quiet(): Promise<void>;
}

/** Round trips without traffic after which no I/O is pending. */
const quietRoundTrips = 3;

function watchTraffic(broker: NatsConnection): Traffic {
  const brokerIdle = whenIdle(broker);
  let seen = 0;
  let seenAt = 0;

  function hasMoved(): boolean {
    if (bytesMoved() === seen) return false;
    seen = bytesMoved();
    seenAt = Date.now();
    return true;
  }

  async function roundTrip(): Promise<void> {
    await nextTurn();
    await allRepliesReceived();
    await unwatched(brokerIdle);
    await pingBroker();
    await nextTurn();
  }

  async function quiet(): Promise<void> {
    for (let count = 0; count < quietRoundTrips; count += 1) {
      await roundTrip();
      if (hasMoved()) count = -1;
    }
  }

  return { hasMoved, movedAt: () => seenAt, roundTrip, quiet };
}

/** Time that runs on its own, for tests with child processes, whose clocks a test cannot control. */
export function runningTime(setting: ClockSetting): TestTime {
  const clock = createClock(setting);
  return {
    clock,
    quiet: () => Promise.resolve(),
    until: (check) => eventually(check, { timeoutMs: 5 * 60_000 }),
    during: (work) => work,
    pass: (ms) => clock.sleep(ms),
  };
}

/** Returns a function that waits until the broker has sent everything that is due; while disconnected it does not wait. */
function whenIdle(broker: NatsConnection): () => Promise<void> {
  let isDisconnected = false;
  let disconnected = Promise.withResolvers<void>();
  void (async () => {
    for await (const { type } of broker.status()) {
      if (type !== 'disconnect' && type !== 'reconnect') continue;
      isDisconnected = type === 'disconnect';
      if (isDisconnected) disconnected.resolve();
      else disconnected = Promise.withResolvers();
    }
  })();
  return async () => {
    if (isDisconnected) return;
    const reply = broker.request('$JS.API.INFO', '', { timeout: 5 * 60_000 });
    await Promise.race([reply, disconnected.promise]);
  };
}
