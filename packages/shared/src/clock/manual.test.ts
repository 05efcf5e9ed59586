import { describe, expect, it } from 'vitest';
import { createClock, manualMachine, pause } from './index.ts';

describe('manual machine', () => {
  it('moves no further than its next timer, and calls the timers due then', () => {
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

  it('does not call a cancelled timer, even if cancelled by one due at the same time', () => {
    const machine = manualMachine();
    const called: string[] = [];
    machine.after(5, () => {
      called.push('first');
      cancel();
    });
    const cancel = machine.after(5, () => called.push('second'));
    machine.moveTo(5);
    expect(called).toEqual(['first']);
    expect(machine.next()).toBeUndefined();
  });

  it('never moves backwards', () => {
    const machine = manualMachine(50);
    machine.moveTo(20);
    expect(machine.now()).toBe(50);
  });

  it('drives the sleeps of a scaled clock', async () => {
    const machine = manualMachine(1_000);
    const clock = createClock({ scale: 60, anchor: 1_000 }, machine);
    const sleep = clock.sleep(60_000);
    expect(machine.next()).toBe(2_000);
    machine.moveTo(2_000);
    await sleep;
    expect(clock.now()).toBe(61_000);
  });
});

describe('pause', () => {
  it('ends early when its signal aborts, and removes its timer', async () => {
    const machine = manualMachine();
    const abort = new AbortController();
    const paused = pause(machine, 1_000, abort.signal);
    abort.abort(new Error('aborted'));
    await expect(paused).rejects.toThrow('aborted');
    expect(machine.next()).toBeUndefined();
  });
});
