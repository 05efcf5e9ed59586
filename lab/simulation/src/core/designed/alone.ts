import { type Budget, limitsOf } from '@paceline/shared/definition';
import { callTimeout } from '@paceline/shared/config';
import type { Life } from '../life.ts';
import { sleep } from '../world/script.ts';
import { type Ask, attempts } from './ask.ts';

/**
 * A sync that knows of nobody else: it spaces its calls by its own that were answered, and calls again when a 429 told
 * it to.
 */
export function createLoner({ scenario, agenda, clock, tally, upstream }: Life): Ask {
  const policies = limitsOf(scenario.tier);
  const sent = new Map<Budget, number[]>();

  return function* (wanted) {
    const { budget } = wanted;
    const { limit, windowMs } = policies[budget];
    const wait = tally.wants(wanted.lane(agenda.now()), agenda.now());
    for (let failures = 0; failures < attempts;) {
      const leaves = (sent.get(budget) ?? []).at(-limit);
      if (leaves !== undefined && leaves + windowMs > agenda.now()) {
        yield* sleep(agenda, leaves + windowMs - agenda.now());
        continue;
      }
      const target = wanted.choose();
      if (target === undefined) {
        wait.leave(agenda.now());
        return { is: 'not worth it' };
      }
      const sentAt = agenda.now();
      const call = { budget, lane: wanted.lane(sentAt), target };
      const response = yield* upstream.call(call, callTimeout(budget, clock));
      if (response.status === 200) {
        wait.leave(sentAt);
        sent.set(budget, [...(sent.get(budget) ?? []).slice(1 - limit), sentAt]);
        return { is: 'answered', target, arrivedAt: response.arrivedAt };
      }
      if (response.status === 429) {
        tally.conflict();
        yield* sleep(agenda, response.retryAfterMs);
      } else failures += 1;
    }
    wait.leave(agenda.now());
    return { is: 'failed' };
  };
}
