import type { Lane } from '@paceline/shared/definition';
import type { Settings } from '@paceline/limiter/core/settings';
import { createDesk } from '@paceline/limiter/core/testing';
import { createAgenda } from './agenda.ts';
import { place } from './place.ts';

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
  const desk = createDesk(place.endpoint, { ...settings, missesAllowed: 1e9 });
  const begin = desk.now();
  const agenda = createAgenda(begin);
  const startedAt = rushers.map(() => Infinity);

  const go = (ticket: string, permit: string) => {
    startedAt[Number(ticket)] = agenda.now() - begin;
    desk.start(permit);
    agenda.in(callMs, () => {
      atNow();
      handOut(desk.settle(permit).offers);
    });
  };
  const handOut = (offers: ReturnType<typeof desk.take>['offers']) => {
    for (const { offer } of offers) go(offer.ticket, offer.permit);
    wake();
  };
  const wake = () => {
    const ms = desk.alarmIn();
    if (ms === undefined) return;
    agenda.in(ms, () => {
      atNow();
      if (desk.alarmIn() === 0) handOut(desk.take().offers);
    });
  };
  const atNow = () => desk.pass(agenda.now() - desk.now());

  for (const [index, { lane, at }] of rushers.entries()) {
    agenda.in(at, () => {
      atNow();
      const { answer, offers } = desk.ask(String(index), { lane });
      if (answer.answer === 'granted') go(String(index), answer.permit);
      handOut(offers);
    });
  }
  agenda.run(1_000_000);
  return startedAt;
}
