import { kinds, type SyncKind } from '@paceline/shared/definition';
import { firstDesign } from '@paceline/planning/plan';
import { nextSlot, slotsBetween } from '@paceline/planning/slots';
import type { Slot } from '@paceline/shared/contracts';
import type { Simulation, Strategy } from '../simulation.ts';
import { runScript, type Script, sleep } from '@paceline/kit/script';
import {
  type MakeCall,
  byArrival,
  byPriority,
  createQueue,
  createUncoordinatedCaller,
  type Rank,
} from './limiter.ts';
import {
  addRider,
  importRiders,
  syncClubs,
  requestAllEvents,
  syncEventsInOrder,
  refreshUrgent,
} from './syncs.ts';

/** Every sync has its own timer and its own idea of the limits. */
export const uncoordinated: Strategy = (simulation) => {
  onTimer(simulation, 'rider', syncClubs(simulation, createUncoordinatedCaller(simulation)));
  onTimer(simulation, 'near', syncEventsInOrder(simulation, createUncoordinatedCaller(simulation), 'near'));
  onTimer(simulation, 'far', syncEventsInOrder(simulation, createUncoordinatedCaller(simulation), 'far'));
  const add = addRider(simulation, createUncoordinatedCaller(simulation));
  const importAll = importRiders(simulation, createUncoordinatedCaller(simulation));
  return {
    click: (click) => runScript(add(click)),
    importRiders: (request) => runScript(importAll(request)),
  };
};

/** A: one queue, first come, first served. */
export const fifo: Strategy = (simulation) => onTimers(simulation, byArrival, false);

/** C: strict priorities without slots, regardless of waiting time. */
export const strictPriorities: Strategy = (simulation) => onTimers(simulation, byPriority, true);

/** B: calls only in their own slot. Adds share no budget with a slot, so they need none. */
export const fixedSlots: Strategy = (simulation) => inSlots(simulation, createQueue(simulation, byArrival));

/** D: slots, priorities, and overrides for adds and for events about to start. */
export const hybrid: Strategy = (simulation) => {
  const call = createQueue(simulation, byPriority);
  runScript(refreshUrgent(simulation, call));
  return inSlots(simulation, call);
};

function onTimers(simulation: Simulation, rank: Rank, isForced: boolean) {
  const call = createQueue(simulation, rank);
  onTimer(simulation, 'rider', syncClubs(simulation, call));
  onTimer(simulation, 'near', requestAllEvents(simulation, call, 'near', isForced));
  onTimer(simulation, 'far', requestAllEvents(simulation, call, 'far', isForced));
  return requestHandlers(simulation, call);
}

function inSlots(simulation: Simulation, call: MakeCall) {
  runScript(runInSlots(simulation, 'rider', syncClubs(simulation, call)));
  runScript(runInSlots(simulation, 'near', syncEventsInOrder(simulation, call, 'near')));
  runScript(runInSlots(simulation, 'far', syncEventsInOrder(simulation, call, 'far')));
  return requestHandlers(simulation, call);
}

function requestHandlers(simulation: Simulation, call: MakeCall): ReturnType<Strategy> {
  const { agenda, network } = simulation;
  const add = addRider(simulation, call);
  const importAll = importRiders(simulation, call);
  return {
    click: (click) => agenda.in(network.broker(), () => runScript(add(click))),
    importRiders: (request) => agenda.in(network.broker(), () => runScript(importAll(request))),
  };
}

const minute = 60_000;

/** The design's interval for each kind. */
const intervals = { rider: 360 * minute, near: 15 * minute, far: 120 * minute };

/** Runs at the start and then at every full interval; a run that takes longer skips intervals. */
function onTimer({ agenda }: Simulation, kind: keyof typeof intervals, run: () => Script | undefined): void {
  runScript(
    (function* (): Script {
      for (;;) {
        yield* run() ?? [];
        yield* sleep(agenda, intervals[kind] - (agenda.now() % intervals[kind]));
      }
    })(),
  );
}

/** Runs in every slot of the design; the rider sync also once at the start, as ours does. */
function* runInSlots({ agenda }: Simulation, kind: SyncKind, run: (slot: Slot) => Script): Script {
  const schedule = firstDesign.schedules('UTC').find((each) => each.kind === kind);
  if (!schedule) throw new Error(`The design has no slots for ${kind}`);
  const { durationMs } = schedule;
  if (kinds[kind].atFirstStart) {
    const now = agenda.now();
    yield* run({ slotId: 'first', kind, scheduledFor: now, endsAt: nextSlot(schedule, now) });
  }
  for (;;) {
    const now = agenda.now();
    const open = slotsBetween(schedule, now - durationMs, now).find(({ endsAt }) => endsAt > now);
    if (open) yield* run(open);
    const next = nextSlot(schedule, open?.scheduledFor ?? now);
    yield* sleep(agenda, Math.max(next - agenda.now(), (open?.endsAt ?? 0) - agenda.now()));
  }
}
