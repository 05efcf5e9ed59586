import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
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
 * Time that a test owns. It stands still while anything is under way, and goes from timer to timer while the test waits
 * for something: a slow machine makes the test slow, and changes nothing else.
 */
export interface TestTime {
  readonly clock: Clock;
  /**
   * Lets time go on until `check` passes, and returns what it gave.
   * @param check throws, or rejects, for as long as the condition doesn't hold, as an assertion does
   * @param within project ms; the last failure of `check` is thrown when it still fails then
   */
  until<T>(check: () => T | Promise<T>, within?: number): Promise<T>;
  /** Lets time go on until `work` is done. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Lets `ms` of project time pass. */
  pass(ms: number): Promise<void>;
  /** Returns once nothing is under way; time stands still meanwhile. */
  quiet(): Promise<void>;
}

/** When the time of tests begins: an evening, in which races start, on the same day in every run. */
export const testEvening = Date.UTC(2026, 10, 24, 18);

const aDay = 86_400_000;
/** Ms of the machine: a net under waits for what no timer of ours brings, such as a server that starts. */
const patience = { timeoutMs: 60_000 };
const nested = new Error('a check cannot wait for time to go on: time goes on after the check');

/**
 * @param broker asked whether it has come to rest; used for nothing else
 * @param setting of the clock, whose machine begins at its anchor
 */
export function testTime(broker: NatsConnection, setting: ClockSetting): TestTime {
  const machine = manualMachine(setting.anchor);
  const clock = createClock(setting, machine);
  const traffic = watchTraffic(broker);
  const keepGoingFor = timeThatGoesOn(machine, traffic);
  /** Resolves with what `attempt` finds; undefined: it is to try again. Rejects with what it throws. */
  const wait = <T>(attempt: (next: number | undefined) => Promise<{ readonly value: T } | undefined>) =>
    new Promise<T>((resolve, reject) =>
      keepGoingFor({
        reject,
        async look(next) {
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
      const end = machine.now() + clock.toMachine(within);
      const began = performance.now();
      return wait<T>(async (next) => {
        try {
          return { value: await check() };
        } catch (error) {
          const isOver = next === undefined ? performance.now() - began > patience.timeoutMs : next > end;
          if (isOver || error === nested) throw error;
          return undefined;
        }
      });
    },
    during<T>(work: Promise<T>) {
      let isDone = false;
      const note = () => (isDone = true);
      work.then(note, note);
      return wait<T>(async () => (isDone ? { value: await work } : undefined));
    },
    pass(ms) {
      let isOver = false;
      machine.after(clock.toMachine(ms), () => (isOver = true));
      return wait<void>(async () => (isOver ? { value: undefined } : undefined));
    },
  };
}

interface Waiter {
  /** Whether its test goes on. @param next the moment of the next timer; undefined: none is set */
  look(next: number | undefined): Promise<boolean>;
  readonly reject: (error: unknown) => void;
}

/** Lets time go on for as long as anything waits. All waiters share one time: it moves when none of them goes on. */
function timeThatGoesOn(machine: ManualMachine, traffic: Traffic): (waiter: Waiter) => void {
  const waiters = new Set<Waiter>();
  const checking = new AsyncLocalStorage<true>();
  let going = false;

  /** Lets each waiter look, and returns whether any test goes on. */
  async function look(): Promise<boolean> {
    let anyone = false;
    for (const waiter of waiters) {
      if (!(await checking.run(true, () => waiter.look(machine.next())))) continue;
      waiters.delete(waiter);
      anyone = true;
    }
    return anyone;
  }

  async function go(): Promise<void> {
    going = true;
    try {
      while (waiters.size > 0) {
        await traffic.quiet();
        if (await look()) continue;
        // A check may leave something under way behind.
        if (traffic.hasMoved()) await traffic.round();
        if (traffic.hasMoved()) await traffic.quiet();
        const next = machine.next();
        if (next === undefined) {
          await sleep(5);
        } else {
          // What the broker has stamped by now, in whole ms, belongs to the time before.
          while (Date.now() <= traffic.movedAt()) await turn();
          machine.moveTo(next);
        }
      }
    } catch (error) {
      for (const each of waiters) each.reject(error);
      waiters.clear();
    } finally {
      // At once: a waiter that comes next starts time again.
      going = false;
    }
  }

  return (waiter) => {
    if (checking.getStore()) throw nested;
    waiters.add(waiter);
    if (!going) void go();
  };
}

/** What this process has under way with the outside. */
interface Traffic {
  /** Whether anything has moved since it was last asked. */
  hasMoved(): boolean;
  /** When, on the wall, something was last seen to have moved. */
  movedAt(): number;
  /** Lasts as long as a round trip through the broker. */
  round(): Promise<void>;
  /** Returns once nothing is under way. */
  quiet(): Promise<void>;
}

/** Round trips through the broker during which nothing may move: what is under way takes fewer. */
const calmRounds = 3;

function watchTraffic(broker: NatsConnection): Traffic {
  const settled = answersOf(broker);
  let seen = 0;
  let seenAt = 0;

  function hasMoved(): boolean {
    if (bytesMoved() === seen) return false;
    seen = bytesMoved();
    seenAt = Date.now();
    return true;
  }

  async function round(): Promise<void> {
    await turn();
    await allRepliesReceived();
    await unwatched(settled);
    await pingBroker();
    await turn();
  }

  async function quiet(): Promise<void> {
    for (let calm = 0; calm < calmRounds; calm += 1) {
      await round();
      if (hasMoved()) calm = -1;
    }
  }

  return { hasMoved, movedAt: () => seenAt, round, quiet };
}

/** Time that goes on by itself, for tests of processes, whose clocks a test cannot hold. */
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

/** Returns once the broker has sent what it had to: at once while it is away, for then that is nothing. */
function answersOf(broker: NatsConnection): () => Promise<void> {
  let isAway = false;
  let gone = Promise.withResolvers<void>();
  void (async () => {
    for await (const { type } of broker.status()) {
      if (type !== 'disconnect' && type !== 'reconnect') continue;
      isAway = type === 'disconnect';
      if (isAway) gone.resolve();
      else gone = Promise.withResolvers();
    }
  })();
  return async () => {
    if (isAway) return;
    const answer = broker.request('$JS.API.INFO', '', { timeout: 5 * 60_000 });
    await Promise.race([answer, gone.promise]);
  };
}
