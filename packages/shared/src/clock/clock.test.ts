import { describe, expect, it } from 'vitest';
import {
  createClock,
  createVirtualClock,
  formatClock,
  isLoopback,
  isSandboxUrl,
  parseClock,
} from './index.ts';

describe('clock', () => {
  it('equals real time at its anchor and runs faster from there', () => {
    const before = Date.now();
    const clock = createClock({ scale: 60, anchor: before - 1_000 });
    const real = Date.now();
    const ahead = clock.now() - real;
    expect(ahead).toBeGreaterThanOrEqual(59_000);
    expect(clock.toRealMs(60_000)).toBe(1_000);
    expect(clock.toProjectMs(1_000)).toBe(60_000);
  });

  it('never ends a sleep early', async () => {
    const clock = createClock({ scale: 1_000, anchor: Date.now() });
    const start = clock.now();
    await clock.sleep(20_000);
    expect(clock.now() - start).toBeGreaterThanOrEqual(20_000);
  });

  it('ends a sleep when its signal aborts', async () => {
    const abort = new AbortController();
    const sleep = createClock().sleep(60_000, abort.signal);
    abort.abort(new Error('shutting down'));
    await expect(sleep).rejects.toThrow('shutting down');
  });
});

describe('virtual clock', () => {
  it('ends sleeps in order, each at its own time', async () => {
    const clock = createVirtualClock(100);
    const woken: Array<[string, number]> = [];
    const sleeper = async (name: string, ms: number) => {
      await clock.sleep(ms);
      woken.push([name, clock.now()]);
    };
    const all = [sleeper('late', 30), sleeper('early', 10)];
    await clock.advance(30);
    await Promise.all(all);
    expect(woken).toEqual([
      ['early', 110],
      ['late', 130],
    ]);
  });
});

describe('PACELINE_CLOCK', () => {
  it('round-trips its format, and means real time when empty', () => {
    const setting = { scale: 60, anchor: 1_764_788_400_000 };
    expect(parseClock(formatClock(setting))).toEqual(setting);
    expect(parseClock('')).toEqual({ scale: 1, anchor: 0 });
  });

  it.each(['60', 'scale=60', 'scale=0.5,anchor=1', 'scale=-1,anchor=1'])('rejects "%s"', (text) => {
    expect(() => parseClock(text)).toThrow('must look like');
  });

  it.each([
    ['http://127.0.0.1:8080/api', true],
    ['http://localhost:1', true],
    ['http://[::1]:9', true],
    ['https://api.example.org/api', false],
    ['http://127.0.0.1.example.org', false],
  ])('treats %s as loopback: %s', (url, local) => {
    expect(isLoopback(url)).toBe(local);
  });

  it.each([
    ['http://127.0.0.1:8080/api', true],
    ['http://sandbox.test:3010/api', true],
    ['http://sandbox:3010/api', false],
    ['https://api.example.org/sandbox.test', false],
    ['https://sandbox.test.example.org/api', false],
    ['https://sandboxtest/api', false],
  ])('allows faster time against %s: %s', (url, allowed) => {
    expect(isSandboxUrl(url)).toBe(allowed);
  });
});
