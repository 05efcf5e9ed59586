import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Clock, type ClockSetting, createClock, manualMachine } from '../clock/index.ts';
import { eventually } from './eventually.ts';
import { allAnswered, bytesMoved, pingBroker, unseen } from './under-way.ts';

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

interface Waiter {
  /** Whether its test goes on. @param next the moment of the next timer; undefined: none is set */
  look(next: number | undefined): Promise<boolean>;
  readonly reject: (error: unknown) => void;
}

/** When the time of tests begins: an evening, in which races start, on the same day in every run. */
export const anEvening = Date.UTC(2026, 10, 24, 18);

/** Round trips through the broker during which nothing may move: what is under way takes fewer. */
const calmRounds = 3;
const aDay = 86_400_000;
/** Ms of the machine: a net under waits for what no timer of ours brings, such as a server that starts. */
const patience = { timeoutMs: 60_000 };

/**
 * @param broker asked whether it has come to rest; used for nothing else
 * @param setting of the clock, whose machine begins at its anchor
 */
export function testTime(broker: NatsConnection, setting: ClockSetting): TestTime {
  const machine = manualMachine(setting.anchor);
  const clock = createClock(setting, machine);
  const waiters = new Set<Waiter>();
  const settled = answersOf(broker);
  const checking = new AsyncLocalStorage<true>();
  const nested = new Error('a check cannot wait for time to go on: time goes on after the check');
  let going = false;
  /** How much was last seen to have moved, and when, on the wall. */
  let seen = 0;
  let seenAt = 0;

  /** Whether anything has moved since it was last asked. */
  function hasMoved(): boolean {
    if (bytesMoved() === seen) return false;
    seen = bytesMoved();
    seenAt = Date.now();
    return true;
  }

  async function round(): Promise<void> {
    await turn();
    await allAnswered();
    await unseen(settled);
    await pingBroker();
    await turn();
  }

  async function quiet(): Promise<void> {
    for (let calm = 0; calm < calmRounds; calm += 1) {
      await round();
      if (hasMoved()) calm = -1;
    }
  }

  /** What the broker has stamped by now, in whole ms, belongs to the time before. */
  async function moveTo(moment: number): Promise<void> {
    while (Date.now() <= seenAt) await turn();
    machine.moveTo(moment);
  }

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

  /** All waiters share one time: it goes on when none of their checks passes. */
  async function go(): Promise<void> {
    going = true;
    try {
      while (waiters.size > 0) {
        await quiet();
        if (await look()) continue;
        // A check may leave something under way behind.
        if (hasMoved()) await round();
        if (hasMoved()) await quiet();
        const next = machine.next();
        if (next === undefined) await sleep(5);
        else await moveTo(next);
      }
    } catch (error) {
      for (const each of waiters) each.reject(error);
      waiters.clear();
    } finally {
      // At once: a waiter that comes next starts time again.
      going = false;
    }
  }

  function wait(waiter: Waiter): void {
    if (checking.getStore()) throw nested;
    waiters.add(waiter);
    if (!going) void go();
  }

  return {
    clock,
    quiet,
    until(check, within = aDay) {
      const end = machine.now() + clock.toMachine(within);
      const began = performance.now();
      return new Promise((resolve, reject) => {
        wait({
          reject,
          async look(next) {
            try {
              resolve(await check());
              return true;
            } catch (error) {
              const isOver = next === undefined ? performance.now() - began > patience.timeoutMs : next > end;
              const isLast = isOver || error === nested;
              if (isLast) reject(error);
              return isLast;
            }
          },
        });
      });
    },
    during(work) {
      let isDone = false;
      const note = () => (isDone = true);
      work.then(note, note);
      return new Promise((resolve, reject) => {
        wait({
          reject,
          async look() {
            if (isDone) work.then(resolve, reject);
            return isDone;
          },
        });
      });
    },
    pass: (ms) =>
      new Promise((resolve, reject) => {
        let isOver = false;
        machine.after(clock.toMachine(ms), () => (isOver = true));
        wait({
          reject,
          async look() {
            if (isOver) resolve();
            return isOver;
          },
        });
      }),
  };
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
