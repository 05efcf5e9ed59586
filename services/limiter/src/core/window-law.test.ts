import type { Outcome } from '@paceline/shared/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDesk, settings } from './testing.ts';

/** One caller's life, in ms: waits before it starts, until it arrives upstream, until it is answered. */
interface Caller {
  readonly after: number;
  readonly startsIn: number;
  readonly arrivesIn: number;
  readonly answersIn: number;
  readonly fate: 'answered' | 'rejected' | 'timed out' | 'dies before start' | 'dies after start';
  readonly limiterCrashes: boolean;
}

const caller: fc.Arbitrary<Caller> = fc.record({
  after: fc.integer({ min: 0, max: 40_000 }),
  startsIn: fc.integer({ min: 0, max: 3_000 }),
  arrivesIn: fc.integer({ min: 0, max: settings.sendWithin + settings.callTimeout.riders_single }),
  answersIn: fc.integer({ min: 0, max: 5_000 }),
  fate: fc.constantFrom(
    'answered',
    'answered',
    'answered',
    'timed out',
    'dies before start',
    'dies after start',
  ),
  limiterCrashes: fc.boolean(),
});

interface Policy {
  readonly limit: number;
  readonly windowMs: number;
}

const outcomes: Record<string, Outcome> = {
  answered: { result: 'answered', status: 200 },
  rejected: { result: 'answered', status: 429, retryAfterMs: 7_000.5 },
  'timed out': { result: 'unanswered' },
};

/** Lets the callers go one after another, overlapping in time, and returns when each arrived upstream. */
function arrivalsOf(callers: readonly Caller[], policy: Policy): number[] {
  const desk = createDesk('riders_single', {
    ...settings,
    policies: { ...settings.policies, riders_single: policy },
  });
  const arrivals: number[] = [];
  const agenda: Array<{ at: number; does: () => void }> = [];
  const later = (inMs: number, does: () => void) => agenda.push({ at: desk.now() + inMs, does });

  const send = (permit: string, { arrivesIn, answersIn, fate }: Caller) => {
    arrivals.push(desk.now() + arrivesIn);
    if (fate === 'dies after start') return;
    later(arrivesIn + answersIn, () => desk.settle(permit, outcomes[fate] as Outcome));
  };
  const ask = (ticket: string, who: Caller, firstAskedAt: number) => {
    if (who.limiterCrashes && desk.now() % 3 === 0) desk.crash();
    const answer = desk.acquire(ticket, { firstAskedAt });
    if (answer.answer !== 'granted') later(1_000, () => ask(ticket, who, firstAskedAt));
    else if (who.fate !== 'dies before start') {
      later(who.startsIn, () => {
        const started = desk.start(answer.permit);
        if (started.answer === 'started') send(answer.permit, who);
        else later(1, () => ask(ticket, { ...who, startsIn: 0 }, firstAskedAt));
      });
    }
  };
  let begins = 0;
  for (const [index, who] of callers.entries()) {
    begins += who.after;
    later(begins, () => ask(`t${index}`, who, desk.now()));
  }
  for (let steps = 0; agenda.length > 0 && steps < 20_000; steps += 1) {
    agenda.sort((a, b) => a.at - b.at);
    const next = agenda.shift();
    if (!next) break;
    desk.pass(Math.max(0, next.at - desk.now()));
    next.does();
  }
  expect(agenda).toEqual([]);
  return arrivals.sort((a, b) => a - b);
}

/** The most arrivals that any interval of the window's length holds, wherever it begins. */
const fullest = (arrivals: readonly number[], windowMs: number): number =>
  Math.max(0, ...arrivals.map((from) => arrivals.filter((at) => at >= from && at < from + windowMs).length));

describe('the law of the window', () => {
  it('holds for any callers, latencies, deaths and crashes: no interval ever holds more than N arrivals', () => {
    const policies = fc.record({
      limit: fc.integer({ min: 1, max: 5 }),
      windowMs: fc.integer({ min: 5_000, max: 120_000 }),
    });
    fc.assert(
      fc.property(fc.array(caller, { minLength: 1, maxLength: 25 }), policies, (callers, policy) => {
        expect(fullest(arrivalsOf(callers, policy), policy.windowMs)).toBeLessThanOrEqual(policy.limit);
      }),
      { numRuns: 300 },
    );
  });

  it('wastes nothing when callers are quick: a saturated window is used to its edge', () => {
    const quick: Caller = {
      after: 0,
      startsIn: 0,
      arrivesIn: 0,
      answersIn: 0,
      fate: 'answered',
      limiterCrashes: false,
    };
    const arrivals = arrivalsOf(
      Array.from({ length: 10 }, () => quick),
      { limit: 1, windowMs: 60_000 },
    );
    const gaps = arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? 0));
    // Askers here ask again each second: a window, its ε, and up to one such second.
    expect(Math.max(...gaps)).toBeLessThanOrEqual(60_000 + settings.epsilon + 1_000);
  });
});
