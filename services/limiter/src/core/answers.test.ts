import type { Outcome, Policy } from '@paceline/shared/contracts';
import { readLimits } from '@paceline/shared/zwiftracing';
import { longestWait, strictestOf } from '@paceline/shared/zwiftracing/answers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { policyOf } from './budget.ts';
import type { Reply } from './protocol.ts';
import { createTestLimiter, settings } from './testing.ts';

const minute = 60_000;
const account = 'team';
const endpoint = 'riders_single';

/** Ways to name a wait of whole seconds. */
const forms: ReadonlyArray<(seconds: number, now: number) => Record<string, string>> = [
  (seconds) => ({ 'Retry-After': String(seconds) }),
  (seconds) => ({ 'Retry-After': `${seconds}, ${seconds}` }),
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

function outcomeOf({ status, wait, form, page, limit, policies }: Answer, now: number): Outcome {
  const headers = new Headers(wait === null ? {} : form(wait, now));
  if (policies.length > 0)
    headers.set('RateLimit-Policy', policies.map(({ q, w }) => `${q};w=${w}`).join(', '));
  const text = page ? '<!DOCTYPE html>' : JSON.stringify({ error: 'no', ...limit });
  return { result: 'answered', status, ...readLimits(status, headers, text, now) };
}

/** What rejections teach: the policy in the body of the last one, with everything that 429s have advertised since. */
function taughtAfter(
  before: Policy | undefined,
  { status, learned, advertised }: Outcome,
  isDocumented: boolean,
): Policy | undefined {
  if (status !== 429 || (!learned && !advertised && isDocumented)) return before;
  const known = learned ?? before ?? settings.policies[endpoint];
  return strictestOf(advertised ? [known, advertised] : [known]);
}

/** Ms until just before the time that was said, or until the estimate. */
function untilNext(reply: Reply, now: number, notBefore: number): number {
  if (reply.answer !== 'waiting') throw new Error(reply.answer);
  return now < notBefore - 1 ? notBefore - 1 - now : Math.max(1, reply.estimatedAt - now);
}

describe('after any sequence of answers', () => {
  it('no call is earlier than said, none waits longer than the longest window, and no policy is looser than 429s taught', () => {
    fc.assert(
      fc.property(
        fc.array(answers, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 0, max: 8 }),
        (all, crashAt) => {
          const limiter = createTestLimiter(endpoint);
          const inForce = () => {
            const budget = limiter.ledger().budgets.get(`${account}/${endpoint}`);
            return budget ? policyOf(budget) : settings.policies[endpoint];
          };
          let notBefore = 0;
          let taught: Policy | undefined;
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
                const isDocumented = inForce() === settings.policies[endpoint];
                limiter.settle(reply.permit, outcome);
                taught = taughtAfter(taught, outcome, isDocumented);
                const wait = outcome.retryAfterMs ?? 0;
                if (wait <= longestWait(outcome.learned?.windowMs))
                  notBefore = Math.max(notBefore, limiter.now() + wait);
                break;
              }
              limiter.pass(untilNext(reply, limiter.now(), notBefore));
            }
            const { limit, windowMs: inForceMs } = inForce();
            const now = { limit, windowMs: inForceMs };
            if (taught) expect(strictestOf([taught, now])).toEqual(now);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a limit for the whole API beside a stricter one', () => {
  const wholeApi = { advertised: { limit: 1_000, windowMs: 15 * minute } };
  const stricter = { limit: 1, windowMs: 60 * minute };

  it.each([
    ['that names the limit', { learned: stricter }],
    ['that names none', {}],
  ])('is rejected once, not for ever, with a 429 %s', (_, named) => {
    const limiter = createTestLimiter('clubs');
    let arrivedAt = Number.NEGATIVE_INFINITY;
    let rejections = 0;
    for (let calls = 0; calls < 20; calls += 1) {
      const ticket = `${calls}`;
      let reply = limiter.acquire(ticket);
      for (; reply.answer !== 'granted'; reply = limiter.acquire(ticket))
        limiter.pass(untilNext(reply, limiter.now(), 0));
      limiter.start(reply.permit);
      const wait = arrivedAt + stricter.windowMs - limiter.now();
      if (wait > 0) rejections += 1;
      else arrivedAt = limiter.now();
      limiter.settle(
        reply.permit,
        wait > 0
          ? { result: 'answered', status: 429, retryAfterMs: wait, ...named, ...wholeApi }
          : { result: 'answered', status: 200, ...wholeApi },
      );
    }
    expect(rejections).toBe(1);
    expect(limiter.facts.filter(({ fact }) => fact === 'policy_changed')).toHaveLength(2);
  });
});
