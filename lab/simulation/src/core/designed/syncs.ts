import { type Candidate, horizonOf, isListFresh } from '@paceline/event-sync/core/classes';
import { isUrgent, untilNextUrgent } from '@paceline/event-sync/core/urgent';
import { type EventKind, freshnessClasses, kinds, type SyncKind } from '@paceline/shared/definition';
import type { Slot } from '@paceline/shared/contracts';
import { fullPageSize } from '@paceline/shared/zwiftracing';
import type { Life } from '../life.ts';
import type { Click } from '../scenario.ts';
import { runScript, type Script, sleep } from '@paceline/kit/script';
import type { Caller } from './limiter.ts';

const { urgent } = freshnessClasses;

const compare = (a: Candidate, b: Candidate): number =>
  a.startsAt - b.startsAt || (a.eventId < b.eventId ? -1 : 1);

/** The events of a kind in the order of their starts, without those that have started. */
const inOrderOfStart = ({ store, agenda }: Life, kind: EventKind): Candidate[] =>
  store.candidates(horizonOf(kind, agenda.now())).toSorted(compare);

/** Fetches the list of events, unless our copy is new enough. */
function* refreshList(life: Life, call: Caller, kind: EventKind, until?: number): Script {
  const { agenda, store } = life;
  const isFresh = () => isListFresh(store.listFetchedAt(), agenda.now());
  if (isFresh()) return;
  const end = yield* call({
    budget: 'events',
    lane: () => kinds[kind].lane,
    until,
    choose: () => (isFresh() ? undefined : 'upcoming'),
  });
  if (end.is === 'answered') store.storeList(end.arrivedAt, agenda.now());
}

/** Puts a call for each event of a kind into the line at once, unless its call of before still waits there. */
export function eventsAtOnce(life: Life, call: Caller, kind: EventKind, isForced: boolean): () => undefined {
  const { agenda, store } = life;
  const inLine = new Set<string>();

  function* fetch({ eventId, startsAt }: Candidate): Script {
    inLine.add(eventId);
    const isUrgentAt = (now: number) => isForced && kind === 'near' && startsAt - now <= urgent.fromMs;
    const end = yield* call({
      budget: 'signups',
      lane: (now) => (isUrgentAt(now) ? urgent.lane : kinds[kind].lane),
      choose: () => (agenda.now() < startsAt ? eventId : undefined),
    });
    inLine.delete(eventId);
    if (end.is === 'answered') store.storeSignups(eventId, end.arrivedAt, agenda.now());
  }

  function* all(): Script {
    yield* refreshList(life, call, kind);
    for (const event of inOrderOfStart(life, kind)) if (!inLine.has(event.eventId)) runScript(fetch(event));
  }

  return () => {
    runScript(all());
    return undefined;
  };
}

/** One event after the other by their starts, from where the last run stopped, each once in a run; until its slot ends. */
export function eventsInTurn(life: Life, call: Caller, kind: EventKind): (slot?: Slot) => Script {
  const { agenda, store } = life;
  let checkpoint: Candidate | undefined;

  return function* (slot) {
    const until = slot?.endsAt;
    yield* refreshList(life, call, kind, until);
    const startedAt = agenda.now();
    const done = new Set<string>();
    const left = () =>
      inOrderOfStart(life, kind).filter(
        ({ eventId, signupsFetchedAt }) => !done.has(eventId) && (signupsFetchedAt ?? 0) < startedAt,
      );
    const next = (events: readonly Candidate[]) =>
      events.find((event) => checkpoint && compare(event, checkpoint) > 0) ?? events[0];
    let synced = 0;
    while (left().length > 0) {
      let chosen: Candidate | undefined;
      const end = yield* call({
        budget: 'signups',
        lane: () => kinds[kind].lane,
        until,
        choose() {
          chosen = next(left());
          return chosen?.eventId;
        },
      });
      if (!chosen || end.is === 'too late' || end.is === 'not worth it') break;
      checkpoint = chosen;
      done.add(chosen.eventId);
      if (end.is !== 'answered') continue;
      synced += 1;
      store.storeSignups(chosen.eventId, end.arrivedAt, agenda.now());
    }
    noteRun(life, kind, { synced, failed: done.size - synced, deferred: left().length }, slot);
  };
}

function noteRun(
  { agenda, tally }: Life,
  kind: SyncKind,
  { synced, failed, deferred }: Record<'synced' | 'failed' | 'deferred', number>,
  slot?: Slot,
): void {
  const counts = { planned: synced + failed + deferred, synced, failed, deferred, stored: 0 };
  tally.ran({ kind, state: 'done', counts, endedAt: agenda.now(), slotEndsAt: slot?.endsAt ?? Infinity });
}

/** Refreshes each event once in its last quarter of an hour, in the order of their starts. */
export function* refreshUrgent(life: Life, call: Caller): Script {
  const { agenda, store, goals } = life;
  const coming = () => inOrderOfStart(life, 'near').filter((event) => isUrgent(event, goals, agenda.now()));
  for (;;) {
    if (coming().length === 0) {
      yield* sleep(agenda, untilNextUrgent(inOrderOfStart(life, 'near'), goals, agenda.now()));
      continue;
    }
    const end = yield* call({
      budget: 'signups',
      lane: () => urgent.lane,
      choose: () => coming()[0]?.eventId,
    });
    if (end.is === 'answered') store.storeSignups(end.target, end.arrivedAt, agenda.now());
    else if (end.is === 'failed') yield* sleep(agenda, 60_000);
  }
}

/** One club after the other, page by page, from where the last run stopped; until the slot ends, if there is one. */
export function clubsInTurn(life: Life, call: Caller): (slot?: Slot) => Script {
  const { agenda, store, clubIds } = life;
  let next = 0;
  let from = 0;

  return function* (slot) {
    let synced = 0;
    while (synced < clubIds.length) {
      const clubId = clubIds[next % clubIds.length] ?? 0;
      const end = yield* call({
        budget: 'clubs',
        lane: () => kinds.rider.lane,
        until: slot?.endsAt,
        choose: () => `${clubId}/${from}`,
      });
      if (end.is !== 'answered') break;
      const ids = store.storePage(clubId, from, agenda.now());
      if (ids.length >= fullPageSize) from = (ids.at(-1) ?? 0) + 1;
      else {
        from = 0;
        next += 1;
        synced += 1;
      }
    }
    noteRun(life, 'rider', { synced, failed: 0, deferred: clubIds.length - synced }, slot);
  };
}

/** Fetches a rider alone: no other sync calls there. */
export const addRider = ({ agenda, store, tally }: Life, call: Caller) =>
  function* ({ riderId }: Click): Script {
    const end = yield* call({
      budget: 'riders_single',
      lane: () => 'manual_rider_add',
      choose: () => String(riderId),
    });
    if (end.is === 'answered') {
      store.storeRider(riderId, agenda.now());
      tally.stored(riderId, agenda.now());
    } else tally.refused(riderId);
  };
