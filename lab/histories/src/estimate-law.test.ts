import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Turn } from '@paceline/limiter/core/protocol';
import { budgetIn } from '@paceline/limiter/core/testing';
import { earliestStart, createQueueModel, goesBefore } from './queue-model.ts';
import { arrival, steps } from './histories.ts';

const limits = fc.integer({ min: 1, max: 5 });
const reserves = fc.nat({ max: 2 });

describe('a waiting request', () => {
  it('gets its exact position, and an estimate that is not in the past', () => {
    fc.assert(
      fc.property(limits, reserves, steps, (limit, reserve, all) => {
        const { perform, limiter, settings } = createQueueModel(limit, reserve);
        for (const step of all) {
          const { turn, acquires, queue } = perform(step);
          for (const [index, reply] of turn.replies.entries()) {
            const request = acquires[index];
            if (!request || reply.answer !== 'waiting') continue;
            const ahead = queue.filter((other) => goesBefore(other, request, settings));
            // A request past its deadline stays in the queue until it would be granted or is repeated.
            const tooLate = ahead.filter(({ deadline = Infinity }) => deadline < limiter.now());
            expect(reply.position).toBeGreaterThan(ahead.length - tooLate.length);
            expect(reply.position).toBeLessThanOrEqual(ahead.length + 1);
            expect(reply.ahead).toBe(reply.position - 1);
            expect(reply.estimatedAt).toBeGreaterThanOrEqual(limiter.now());
            expect(reply.reason).toMatch(/^waiting_|^paused_/);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gets the same reply in whichever order a turn received the requests', () => {
    const byTicket = (turn: Turn, tickets: readonly string[]) =>
      Object.fromEntries(tickets.map((ticket, index) => [ticket, turn.replies[index]]));
    fc.assert(
      fc.property(
        limits,
        reserves,
        steps,
        fc.array(arrival, { minLength: 2, maxLength: 8 }),
        (limit, reserve, all, arrivals) => {
          const [forward, backward] = [false, true].map((reversed) => {
            const model = createQueueModel(limit, reserve);
            for (const step of all) model.perform(step);
            const requests = arrivals.map(model.newRequest);
            if (reversed) requests.reverse();
            return byTicket(
              model.limiter.take(...requests),
              requests.map(({ ticket }) => ticket),
            );
          });
          expect(backward).toEqual(forward);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a deadline', () => {
  it('is refused at once if it cannot be met, never if it can, and with a later time', () => {
    fc.assert(
      fc.property(limits, reserves, steps, arrival, (limit, reserve, all, last) => {
        const model = createQueueModel(limit, reserve);
        for (const step of all) model.perform(step);
        const request = model.newRequest(last);
        const { deadline = Infinity } = request;
        const best = earliestStart(model, request);
        const { reply } = model.limiter.take(request);
        if (reply.answer === 'refused') {
          expect(best).toBeGreaterThan(deadline);
          expect(reply.earliest).toBeGreaterThan(deadline);
        } else if (reply.answer === 'waiting' && isExact(model, reserve)) {
          expect(best).toBeLessThanOrEqual(deadline);
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** With a reserve, or during an unknown time after a policy change, some deadlines are refused only later. */
const isExact = ({ limiter }: ReturnType<typeof createQueueModel>, reserve: number): boolean =>
  reserve === 0 && (budgetIn(limiter.ledger(), 'riders_single')?.record.unknownUntil ?? 0) <= limiter.now();
