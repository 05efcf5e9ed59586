import { type Candidate, horizonOf, isListFresh } from '@paceline/event-sync/core/classes';
import { isUrgent, untilNextUrgent } from './urgent.ts';
import { type EventKind, freshnessClasses, kinds, type SyncKind } from '@paceline/shared/definition';
import type { Slot } from '@paceline/shared/contracts';
import { fullPageSize } from '@paceline/shared/zwiftracing';
import type { Simulation } from '../simulation.ts';
import type { Click, ImportRequest } from '../scenario.ts';
import { runScript, type Script, sleep } from '@paceline/kit/script';
import type { MakeCall } from './limiter.ts';

const { urgent } = freshnessClasses;

const compare = (a: Candidate, b: Candidate): number =>
  a.startsAt - b.startsAt || (a.eventId < b.eventId ? -1 : 1);

/** Events of a kind by start time, without those that have started. */
const upcomingByStart = ({ store, agenda }: Simulation, kind: EventKind): Candidate[] =>
  store.candidates(horizonOf(kind, agenda.now())).toSorted(compare);

/** Fetches the event list unless our copy is fresh. */
function* refreshList(simulation: Simulation, call: MakeCall, kind: EventKind, until?: number): Script {
  const { agenda, store } = simulation;
  const isFresh = () => isListFresh(store.listFetchedAt(), agenda.now());
  if (isFresh()) return;
  const end = yield* call({
    budget: 'events',
    lane: () => kinds[kind].lane,
    until,
    choose: () => (isFresh() ? undefined : 'upcoming'),
  });
  if (end.outcome === 'answered') store.storeList(end.arrivedAt, agenda.now());
}

/** Requests a call for each event of a kind at once, except for events whose last request still waits. */
export function requestAllEvents(
  simulation: Simulation,
  call: MakeCall,
  kind: EventKind,
  isForced: boolean,
): () => undefined {
  const { agenda, store } = simulation;
  const waiting = new Set<string>();

  function* fetch({ eventId, startsAt }: Candidate): Script {
    waiting.add(eventId);
    const isUrgentAt = (now: number) => isForced && kind === 'near' && startsAt - now <= urgent.fromMs;
    const end = yield* call({
      budget: 'signups',
      lane: (now) => (isUrgentAt(now) ? urgent.lane : kinds[kind].lane),
      choose: () => (agenda.now() < startsAt ? eventId : undefined),
    });
    waiting.delete(eventId);
    if (end.outcome === 'answered') store.storeSignups(eventId, end.arrivedAt, agenda.now());
  }

  function* all(): Script {
    yield* refreshList(simulation, call, kind);
    for (const event of upcomingByStart(simulation, kind))
      if (!waiting.has(event.eventId)) runScript(fetch(event));
  }

  return () => {
    runScript(all());
    return undefined;
  };
}

/** Fetches events one by one by start time, each once per run, continuing where the last run stopped; until the slot ends. */
export function syncEventsInOrder(
  simulation: Simulation,
  call: MakeCall,
  kind: EventKind,
): (slot?: Slot) => Script {
  const { agenda, store } = simulation;
  let checkpoint: Candidate | undefined;

  return function* (slot) {
    const until = slot?.endsAt;
    yield* refreshList(simulation, call, kind, until);
    const startedAt = agenda.now();
    const done = new Set<string>();
    const remaining = () =>
      upcomingByStart(simulation, kind).filter(
        ({ eventId, signupsFetchedAt }) => !done.has(eventId) && (signupsFetchedAt ?? 0) < startedAt,
      );
    const next = (events: readonly Candidate[]) =>
      events.find((event) => checkpoint && compare(event, checkpoint) > 0) ?? events[0];
    let synced = 0;
    while (remaining().length > 0) {
      let chosen: Candidate | undefined;
      const end = yield* call({
        budget: 'signups',
        lane: () => kinds[kind].lane,
        until,
        choose() {
          chosen = next(remaining());
          return chosen?.eventId;
        },
      });
      if (!chosen || end.outcome === 'too late' || end.outcome === 'not worth it') break;
      checkpoint = chosen;
      done.add(chosen.eventId);
      if (end.outcome !== 'answered') continue;
      synced += 1;
      store.storeSignups(chosen.eventId, end.arrivedAt, agenda.now());
    }
    recordRun(simulation, kind, { synced, failed: done.size - synced, deferred: remaining().length }, slot);
  };
}

function recordRun(
  { agenda, tally }: Simulation,
  kind: SyncKind,
  { synced, failed, deferred }: Record<'synced' | 'failed' | 'deferred', number>,
  slot?: Slot,
): void {
  const counts = { planned: synced + failed + deferred, synced, failed, deferred, stored: 0 };
  tally.recordRun({
    kind,
    state: 'done',
    counts,
    endedAt: agenda.now(),
    slotEndsAt: slot?.endsAt ?? Infinity,
  });
}

/** Refreshes each event once in the 15 minutes before its start, by start time. */
export function* refreshUrgent(simulation: Simulation, call: MakeCall): Script {
  const { agenda, store, rules } = simulation;
  const urgentEvents = () =>
    upcomingByStart(simulation, 'near').filter((event) => isUrgent(event, rules.goals, agenda.now()));
  for (;;) {
    if (urgentEvents().length === 0) {
      yield* sleep(agenda, untilNextUrgent(upcomingByStart(simulation, 'near'), rules.goals, agenda.now()));
      continue;
    }
    const end = yield* call({
      budget: 'signups',
      lane: () => urgent.lane,
      choose: () => urgentEvents()[0]?.eventId,
    });
    if (end.outcome === 'answered') store.storeSignups(end.target, end.arrivedAt, agenda.now());
    else if (end.outcome === 'failed') yield* sleep(agenda, 60_000);
  }
}

/** Fetches clubs one by one, page by page, continuing where the last run stopped; until the slot ends, if there is one. */
export function syncClubs(simulation: Simulation, call: MakeCall): (slot?: Slot) => Script {
  const { agenda, store, clubIds } = simulation;
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
      if (end.outcome !== 'answered') break;
      const ids = store.storePage(clubId, from, agenda.now());
      if (ids.length >= fullPageSize) from = (ids.at(-1) ?? 0) + 1;
      else {
        from = 0;
        next += 1;
        synced += 1;
      }
    }
    recordRun(simulation, 'rider', { synced, failed: 0, deferred: clubIds.length - synced }, slot);
  };
}

/** Fetches a rider with a GET, whose budget no other sync uses. */
export const addRider = ({ agenda, store, tally }: Simulation, call: MakeCall) =>
  function* ({ riderId }: Click): Script {
    const end = yield* call({
      budget: 'riders_single',
      lane: () => 'manual_rider_add',
      choose: () => String(riderId),
    });
    if (end.outcome === 'answered') {
      store.storeRider(riderId, agenda.now());
      tally.recordStored(riderId, agenda.now());
    } else tally.recordRefused(riderId);
  };

/** Fetches the riders of an import with bulk calls, whose budget no other sync uses. */
export const importRiders = ({ scenario, agenda, store, tally }: Simulation, call: MakeCall) =>
  function* ({ riderIds }: ImportRequest): Script {
    const { batch } = scenario.definition.endpoints.riders_bulk;
    for (let first = 0; first < riderIds.length; first += batch) {
      const ids = riderIds.slice(first, first + batch);
      const end = yield* call({
        budget: 'riders_bulk',
        lane: () => kinds.rider.lane,
        choose: () => `${ids.length} riders`,
      });
      for (const id of ids) {
        if (end.outcome === 'answered') {
          store.storeRider(id, agenda.now());
          tally.recordStored(id, agenda.now());
        } else tally.recordRefused(id);
      }
    }
  };
