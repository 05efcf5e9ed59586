import { describe, expect, it } from 'vitest';
import { createClock, manualMachine, pause } from './index.ts';

describe('a manual machine', () => {
  it('moves no further than its next timer, and calls those that are due there', () => {
    const machine = manualMachine(100);
    const called: number[] = [];
    machine.after(30, () => called.push(30));
    machine.after(10, () => called.push(10));
    expect(machine.next()).toBe(110);
    machine.moveTo(1_000);
    expect([machine.now(), machine.elapsed(), called]).toEqual([110, 10, [10]]);
    machine.moveTo(1_000);
    machine.moveTo(1_000);
    expect([machine.now(), called]).toEqual([1_000, [10, 30]]);
  });

  it('calls no timer that was called off, also by one that is due at the same moment', () => {
    const machine = manualMachine();
    const called: string[] = [];
    machine.after(5, () => {
      called.push('first');
      callOff();
    });
    const callOff = machine.after(5, () => called.push('second'));
    machine.moveTo(5);
    expect(called).toEqual(['first']);
    expect(machine.next()).toBeUndefined();
  });

  it('never goes back', () => {
    const machine = manualMachine(50);
    machine.moveTo(20);
    expect(machine.now()).toBe(50);
  });

  it('is what a clock sleeps by, at its scale', async () => {
    const machine = manualMachine(1_000);
    const clock = createClock({ scale: 60, anchor: 1_000 }, machine);
    const sleep = clock.sleep(60_000);
    expect(machine.next()).toBe(2_000);
    machine.moveTo(2_000);
    await sleep;
    expect(clock.now()).toBe(61_000);
  });
});

describe('a pause', () => {
  it('ends early when its signal aborts, and leaves no timer behind', async () => {
    const machine = manualMachine();
    const abort = new AbortController();
    const paused = pause(machine, 1_000, abort.signal);
    abort.abort(new Error('over'));
    await expect(paused).rejects.toThrow('over');
    expect(machine.next()).toBeUndefined();
  });
});
