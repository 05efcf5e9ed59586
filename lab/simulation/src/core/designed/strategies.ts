import type { Click, Life, Strategy } from '../life.ts';
import { live } from '../world/script.ts';
import { createLoner } from './alone.ts';
import type { Ask } from './ask.ts';
import { eventsAtOnce, eventsInTurn, refreshUrgent } from './events.ts';
import { createLine, type Rank } from './line.ts';
import { byArrival, byPriority } from './priorities.ts';
import { addRider, clubsInTurn } from './riders.ts';
import { onTimer, runInSlots, runOnTimer } from './timers.ts';

/** Every sync by itself: its own timer and its own idea of the limits. */
export const uncoordinated: Strategy = (life) => {
  runOnTimer(life, 'rider', clubsInTurn(life, createLoner(life)));
  runOnTimer(life, 'near', eventsInTurn(life, createLoner(life), 'near'));
  runOnTimer(life, 'far', eventsInTurn(life, createLoner(life), 'far'));
  const add = addRider(life, createLoner(life));
  return { click: (click) => live(add(click)) };
};

/** A: one line, in the order of arrival. */
export const fifo: Strategy = (life) => onTimers(life, byArrival, false);

/** C: strict priorities; no slots, and nobody's wait counts. */
export const strictPriorities: Strategy = (life) => onTimers(life, byPriority, true);

/** B: a call only in its own slot; adds have a budget to themselves, and so need no slot. */
export const fixedSlots: Strategy = (life) => inSlots(life, createLine(life, byArrival));

/** D: slots, priorities, and overrides for adds and for what is about to start. */
export const hybrid: Strategy = (life) => {
  const line = createLine(life, byPriority);
  live(refreshUrgent(life, line));
  return inSlots(life, line);
};

function onTimers(life: Life, rank: Rank, isForced: boolean) {
  const line = createLine(life, rank);
  runOnTimer(life, 'rider', clubsInTurn(life, line));
  onTimer(life, 'near', eventsAtOnce(life, line, 'near', isForced));
  onTimer(life, 'far', eventsAtOnce(life, line, 'far', isForced));
  return adding(life, line);
}

function inSlots(life: Life, line: Ask) {
  runInSlots(life, 'rider', clubsInTurn(life, line));
  runInSlots(life, 'near', eventsInTurn(life, line, 'near'));
  runInSlots(life, 'far', eventsInTurn(life, line, 'far'));
  return adding(life, line);
}

function adding(life: Life, ask: Ask) {
  const { agenda, network } = life;
  const add = addRider(life, ask);
  return { click: (click: Click) => agenda.in(network.broker(), () => live(add(click))) };
}
