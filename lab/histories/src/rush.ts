import type { Lane } from '@paceline/shared/definition';
import type { Settings } from '@paceline/limiter/core/settings';
import { createTestLimiter } from '@paceline/limiter/core/testing';
import { createAgenda } from '@paceline/kit/agenda';
import { place } from './upstream.ts';

export interface Rusher {
  readonly lane: Lane;
  /** Ms from the beginning. */
  readonly at: number;
}

/**
 * Everybody asks at its moment and stays; whoever is given a permit calls at once and is answered after `callMs`.
 * Tells when each of them started, ms from the beginning, in the order in which they were given.
 */
export function rush(rushers: readonly Rusher[], callMs: number, settings: Settings): number[] {
  const limiter = createTestLimiter(place.endpoint, { ...settings, missedHeartbeatsAllowed: 1e9 });
  const begin = limiter.now();
  const agenda = createAgenda(begin);
  const startedAt = rushers.map(() => Infinity);

  const go = (ticket: string, permit: string) => {
    startedAt[Number(ticket)] = agenda.now() - begin;
    limiter.start(permit);
    agenda.in(callMs, () => {
      atNow();
      handOut(limiter.settle(permit).offers);
    });
  };
  const handOut = (offers: ReturnType<typeof limiter.take>['offers']) => {
    for (const { offer } of offers) go(offer.ticket, offer.permit);
    wake();
  };
  const wake = () => {
    const ms = limiter.alarmIn();
    if (ms === undefined) return;
    agenda.in(ms, () => {
      atNow();
      if (limiter.alarmIn() === 0) handOut(limiter.take().offers);
    });
  };
  const atNow = () => limiter.pass(agenda.now() - limiter.now());

  for (const [index, { lane, at }] of rushers.entries()) {
    agenda.in(at, () => {
      atNow();
      const { answer, offers } = limiter.ask(String(index), { lane });
      if (answer.answer === 'granted') go(String(index), answer.permit);
      handOut(offers);
    });
  }
  agenda.run(1_000_000);
  return startedAt;
}
