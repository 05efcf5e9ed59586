import { kinds, type SyncKind } from '@paceline/shared/definition';
import { firstDesign } from '@paceline/planning/plan';
import { nextSlot, slotsBetween } from '@paceline/planning/slots';
import type { Slot } from '@paceline/shared/contracts';
import type { Life, Strategy } from '../life.ts';
import type { Click } from '../scenario.ts';
import { runScript, type Script, sleep } from '@paceline/kit/script';
import { type Caller, byArrival, byPriority, createLine, createLoner, type Rank } from './limiter.ts';
import { addRider, clubsInTurn, eventsAtOnce, eventsInTurn, refreshUrgent } from './syncs.ts';

/** Every sync by itself: its own timer and its own idea of the limits. */
export const uncoordinated: Strategy = (life) => {
  onTimer(life, 'rider', clubsInTurn(life, createLoner(life)));
  onTimer(life, 'near', eventsInTurn(life, createLoner(life), 'near'));
  onTimer(life, 'far', eventsInTurn(life, createLoner(life), 'far'));
  const add = addRider(life, createLoner(life));
  return { click: (click) => runScript(add(click)) };
};

/** A: one line, in the order of arrival. */
export const fifo: Strategy = (life) => onTimers(life, byArrival, false);

/** C: strict priorities; no slots, and no wait counts. */
export const strictPriorities: Strategy = (life) => onTimers(life, byPriority, true);

/** B: a call only in its own slot; adds have a budget to themselves, and so need no slot. */
export const fixedSlots: Strategy = (life) => inSlots(life, createLine(life, byArrival));

/** D: slots, priorities, and overrides for adds and for what is about to start. */
export const hybrid: Strategy = (life) => {
  const line = createLine(life, byPriority);
  runScript(refreshUrgent(life, line));
  return inSlots(life, line);
};

function onTimers(life: Life, rank: Rank, isForced: boolean) {
  const line = createLine(life, rank);
  onTimer(life, 'rider', clubsInTurn(life, line));
  onTimer(life, 'near', eventsAtOnce(life, line, 'near', isForced));
  onTimer(life, 'far', eventsAtOnce(life, line, 'far', isForced));
  return adding(life, line);
}

function inSlots(life: Life, line: Caller) {
  runScript(runInSlots(life, 'rider', clubsInTurn(life, line)));
  runScript(runInSlots(life, 'near', eventsInTurn(life, line, 'near')));
  runScript(runInSlots(life, 'far', eventsInTurn(life, line, 'far')));
  return adding(life, line);
}

function adding(life: Life, call: Caller) {
  const { agenda, network } = life;
  const add = addRider(life, call);
  return { click: (click: Click) => agenda.in(network.broker(), () => runScript(add(click))) };
}

const minute = 60_000;

/** How often the design wants each kind to run. */
const intervals = { rider: 360 * minute, near: 15 * minute, far: 120 * minute };

/** Runs from the beginning on at every full interval of the kind: a run that takes longer leaves some out. */
function onTimer({ agenda }: Life, kind: keyof typeof intervals, run: () => Script | undefined): void {
  runScript(
    (function* (): Script {
      for (;;) {
        yield* run() ?? [];
        yield* sleep(agenda, intervals[kind] - (agenda.now() % intervals[kind]));
      }
    })(),
  );
}

/** Runs in every slot of the design; a rider sync once at the very beginning too, as ours does. */
function* runInSlots({ agenda }: Life, kind: SyncKind, run: (slot: Slot) => Script): Script {
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
