import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Turn } from '@paceline/limiter/core/protocol';
import { atBest, createLine, goesBefore } from './line.ts';
import { comer, steps } from './histories.ts';

const limits = fc.integer({ min: 1, max: 5 });
const reserves = fc.nat({ max: 2 });

describe('whoever waits', () => {
  it('is told its exact position, and a time that is not over', () => {
    fc.assert(
      fc.property(limits, reserves, steps, (limit, reserve, all) => {
        const { take, limiter, using } = createLine(limit, reserve);
        for (const step of all) {
          const { turn, asks, line } = take(step);
          for (const [index, answer] of turn.answers.entries()) {
            const ask = asks[index];
            if (!ask || answer.answer !== 'waiting') continue;
            const ahead = line.filter((other) => goesBefore(other, ask, using));
            // Whose deadline is over is in line until its turn comes, or until it asks again.
            const inVain = ahead.filter(({ deadline = Infinity }) => deadline < limiter.now());
            expect(answer.position).toBeGreaterThan(ahead.length - inVain.length);
            expect(answer.position).toBeLessThanOrEqual(ahead.length + 1);
            expect(answer.ahead).toBe(answer.position - 1);
            expect(answer.estimatedAt).toBeGreaterThanOrEqual(limiter.now());
            expect(answer.reason).toMatch(/^waiting_|^paused_/);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is told the same in whichever order a turn has heard those who ask', () => {
    const byTicket = (turn: Turn, tickets: readonly string[]) =>
      Object.fromEntries(tickets.map((ticket, index) => [ticket, turn.answers[index]]));
    fc.assert(
      fc.property(
        limits,
        reserves,
        steps,
        fc.array(comer, { minLength: 2, maxLength: 8 }),
        (limit, reserve, all, comers) => {
          const [heard, turned] = [false, true].map((reversed) => {
            const line = createLine(limit, reserve);
            for (const step of all) line.take(step);
            const asks = comers.map(line.ask);
            if (reversed) asks.reverse();
            return byTicket(
              line.limiter.take(...asks),
              asks.map(({ ticket }) => ticket),
            );
          });
          expect(turned).toEqual(heard);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a deadline', () => {
  it('is refused at once when it can not be met, never when it could be, and with a later time', () => {
    fc.assert(
      fc.property(limits, reserves, steps, comer, (limit, reserve, all, last) => {
        const line = createLine(limit, reserve);
        for (const step of all) line.take(step);
        const ask = line.ask(last);
        const { deadline = Infinity } = ask;
        const best = atBest(line, ask);
        const { answer } = line.limiter.take(ask);
        if (answer.answer === 'refused') {
          expect(best).toBeGreaterThan(deadline);
          expect(answer.earliest).toBeGreaterThan(deadline);
        } else if (answer.answer === 'waiting' && isPlain(line, reserve)) {
          expect(best).toBeLessThanOrEqual(deadline);
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** Where a place is kept, or a longer window not yet waited out, some deadlines are refused only later. */
const isPlain = ({ limiter }: ReturnType<typeof createLine>, reserve: number): boolean =>
  reserve === 0 &&
  (limiter.ledger().budgets.get('team/riders_single')?.record.unknownUntil ?? 0) <= limiter.now();
