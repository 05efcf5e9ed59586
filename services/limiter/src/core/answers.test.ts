import type { Outcome } from '@paceline/shared/contracts';
import { readLimits } from '@paceline/shared/upstreams/limits';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { longestWait } from '@paceline/shared/upstreams/answers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { policyOf } from './budget.ts';
import type { Reply } from './protocol.ts';
import { budgetIn, budgetOf, createTestLimiter, settings } from './testing.ts';

const minute = 60_000;
const account = 'team';
const endpoint = 'riders_single';

/** Ways to name a wait of whole seconds. */
const forms: ReadonlyArray<(seconds: number, now: number) => Record<string, string>> = [
  (seconds) => ({ 'Retry-After': String(seconds) }),
  (seconds) => ({ 'Retry-After': `${seconds}, ${seconds}` }),
  (seconds) => ({ 'Retry-After': `"${Math.floor(seconds / 60)}m${seconds % 60}s"` }),
  (seconds) => ({ 'Retry-After-Ms': String(seconds * 1_000) }),
  (seconds, now) => ({ 'Retry-After': String(Math.ceil(now / 1_000) + seconds) }),
  (seconds, now) => ({ 'Retry-After': new Date(Math.ceil(now / 1_000 + seconds) * 1_000).toUTCString() }),
];

const answers = fc.record({
  status: fc.constantFrom(200, 200, 429, 429, 503, 403),
  /** Seconds: usual, at the edge of what can be meant, or a mistake. */
  wait: fc.option(fc.oneof(fc.integer({ min: 0, max: 3_600 }), fc.constantFrom(3_601, 86_400, 31_536_000))),
  form: fc.constantFrom(...forms),
  page: fc.boolean(),
  limit: fc.option(
    fc.record({ limit: fc.integer({ min: 1, max: 9 }), windowMinutes: fc.integer({ min: 1, max: 90 }) }),
  ),
  policies: fc.array(
    fc.record({ q: fc.integer({ min: 1, max: 3_000 }), w: fc.integer({ min: 1, max: 3_600 }) }),
    {
      maxLength: 3,
    },
  ),
});
type Answer = typeof answers extends fc.Arbitrary<infer Value> ? Value : never;

const { dialect } = loadUpstreams({}).zwiftracing;

function outcomeOf({ status, wait, form, page, limit, policies }: Answer, now: number): Outcome {
  const headers = new Headers(wait === null ? {} : form(wait, now));
  if (policies.length > 0)
    headers.set('RateLimit-Policy', policies.map(({ q, w }) => `${q};w=${w}`).join(', '));
  const text = page ? '<!DOCTYPE html>' : JSON.stringify({ error: 'no', ...limit });
  return { result: 'answered', status, ...readLimits(dialect, status, headers, text, now) };
}

/** Ms until just before the time that was said, or until the estimate. */
function untilNext(reply: Reply, now: number, notBefore: number): number {
  if (reply.answer !== 'waiting') throw new Error(reply.answer);
  return now < notBefore - 1 ? notBefore - 1 - now : Math.max(1, reply.estimatedAt - now);
}

describe('after any sequence of answers', () => {
  it('no call is earlier than said, and none waits longer than the longest window', () => {
    fc.assert(
      fc.property(
        fc.array(answers, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 0, max: 8 }),
        (all, crashAt) => {
          const limiter = createTestLimiter(endpoint);
          const inForce = () => {
            const budget = budgetIn(limiter.ledger(), endpoint, account);
            return budget ? policyOf(budget) : budgetOf(endpoint).policy;
          };
          let notBefore = 0;
          let lastWindow = 0;
          for (const [index, answer] of all.entries()) {
            if (index === crashAt) limiter.crash();
            const from = limiter.now();
            const windowMs = Math.max(lastWindow, inForce().windowMs);
            for (let reply = limiter.acquire(`${index}`); ; reply = limiter.acquire(`${index}`)) {
              if (reply.answer === 'granted') {
                expect(limiter.now()).toBeGreaterThanOrEqual(notBefore);
                const longest = longestWait(windowMs) + settings.epsilon + settings.probeJitter;
                expect(limiter.now() - from).toBeLessThanOrEqual(longest);
                limiter.start(reply.permit);
                const outcome = outcomeOf(answer, limiter.now());
                lastWindow = inForce().windowMs;
                limiter.settle(reply.permit, outcome);
                const wait = outcome.retryAfterMs ?? 0;
                if (wait <= longestWait(outcome.learned?.windowMs))
                  notBefore = Math.max(notBefore, limiter.now() + wait);
                break;
              }
              limiter.pass(untilNext(reply, limiter.now(), notBefore));
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a limit for the whole API beside a stricter one', () => {
  const wholeApi = { advertised: { limit: 3_000, windowMs: 15 * minute } };

  it.each([
    ['the documented limit', { limit: 5, windowMs: minute }, 0],
    ['another limit, which the 429 names', { limit: 1, windowMs: 10 * minute }, 1],
  ])('costs no more rejections than without its headers: %s', (_, enforced, expected) => {
    const limiter = createTestLimiter(endpoint);
    const arrivals: number[] = [];
    let rejections = 0;
    for (let calls = 0; calls < 30; calls += 1) {
      const ticket = `${calls}`;
      let reply = limiter.acquire(ticket);
      for (; reply.answer !== 'granted'; reply = limiter.acquire(ticket))
        limiter.pass(untilNext(reply, limiter.now(), 0));
      limiter.start(reply.permit);
      const wait =
        (arrivals.at(-enforced.limit) ?? Number.NEGATIVE_INFINITY) + enforced.windowMs - limiter.now();
      if (wait > 0) rejections += 1;
      else arrivals.push(limiter.now());
      limiter.settle(
        reply.permit,
        wait > 0
          ? { result: 'answered', status: 429, retryAfterMs: wait, learned: enforced, ...wholeApi }
          : { result: 'answered', status: 200, ...wholeApi },
      );
    }
    expect(rejections).toBe(expected);
    expect(limiter.facts.filter(({ fact }) => fact === 'policy_changed')).toHaveLength(expected);
  });
});
