import { noFailures } from '@paceline/event-sync/core/failures';
import { horizonOf } from '@paceline/event-sync/core/horizon';
import { untilNextUrgent, urgentOf } from '@paceline/event-sync/core/urgent';
import { afterFailure, pauseAfterTrouble } from '@paceline/event-sync/core/urgent-watch';
import type { Life } from '../life.ts';
import { type Script, sleep } from '../world/script.ts';
import type { Caller } from './call.ts';

/** Refreshes each event once in its last minutes, in or out of a slot, as `watch-urgent.ts` does. */
export function* watchUrgent({ agenda, store, goals }: Life, call: Caller): Script {
  let failures = noFailures;
  const look = () => {
    const now = agenda.now();
    const soon = store.candidates(horizonOf('near', now));
    return { urgent: urgentOf(soon, failures.failed, goals, now), pause: untilNextUrgent(soon, goals, now) };
  };
  for (;;) {
    const { urgent, pause } = look();
    if (urgent.length === 0) {
      yield* sleep(agenda, pause);
      continue;
    }
    let eventId = '';
    const end = yield* call({
      endpoint: 'signups',
      lane: 'near_event_urgent',
      deadline: Math.max(...urgent.map(({ startsAt }) => startsAt)),
      choose: () => {
        eventId = look().urgent[0]?.eventId ?? '';
        return eventId === '' ? undefined : eventId;
      },
    });
    if (end.is === 'answered') store.storeSignups(eventId, end.arrivedAt, agenda.now());
    if (end.is === 'refused') yield* sleep(agenda, pauseAfterTrouble);
    else if (end.is === 'failed') {
      const next = afterFailure(failures, eventId, end.code);
      failures = next.failures;
      yield* sleep(agenda, next.pause);
    } else failures = { ...failures, inARow: 0 };
  }
}
