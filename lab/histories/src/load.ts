import type { Lane } from '@paceline/shared/definition';
import type { LimiterSettings } from '@paceline/limiter/core/settings';
import { createTestLimiter } from '@paceline/limiter/core/testing';
import { createAgenda } from '@paceline/kit/agenda';
import { budgetKey } from './upstream.ts';

export interface TimedRequest {
  readonly lane: Lane;
  /** Ms from the start. */
  readonly at: number;
}

/**
 * Sends each request at its time; it waits until it is granted, and its call is answered after `callMs`.
 * Returns when each call started, ms from the start, in the order of `requests`.
 */
export function runLoad(
  requests: readonly TimedRequest[],
  callMs: number,
  settings: LimiterSettings,
): number[] {
  const limiter = createTestLimiter(budgetKey.endpoint, { ...settings, missedHeartbeatsAllowed: 1e9 });
  const start = limiter.now();
  const agenda = createAgenda(start);
  const startedAt = requests.map(() => Infinity);

  const call = (ticket: string, permit: string) => {
    startedAt[Number(ticket)] = agenda.now() - start;
    limiter.start(permit);
    agenda.in(callMs, () => {
      syncClock();
      takeOffers(limiter.settle(permit).offers);
    });
  };
  const takeOffers = (offers: ReturnType<typeof limiter.take>['offers']) => {
    for (const { offer } of offers) call(offer.ticket, offer.permit);
    setAlarm();
  };
  const setAlarm = () => {
    const ms = limiter.alarmIn();
    if (ms === undefined) return;
    agenda.in(ms, () => {
      syncClock();
      if (limiter.alarmIn() === 0) takeOffers(limiter.take().offers);
    });
  };
  const syncClock = () => limiter.pass(agenda.now() - limiter.now());

  for (const [index, { lane, at }] of requests.entries()) {
    agenda.in(at, () => {
      syncClock();
      const { reply, offers } = limiter.request(String(index), { lane });
      if (reply.answer === 'granted') call(String(index), reply.permit);
      takeOffers(offers);
    });
  }
  agenda.run(1_000_000);
  return startedAt;
}
