import { horizonMs } from '@paceline/shared/definition';
import { isWithin, type TimeSpan } from '@paceline/event-sync/core/classes';
import { eventsOf } from '../freshness.ts';
import type { Scenario } from '../scenario.ts';
import { createSimulation } from '../simulation.ts';
import { type BoundAmounts, boundOf, type Solve } from './bound.ts';
import { mostWithin } from './far.ts';
import { boundClasses, groupsOf } from './groups.ts';
import { callMoments } from './moments.ts';

const hour = 3_600_000;
const day = 24 * hour;
/** Days are cut at 4 o'clock UTC, when few events start. */
const cutAt = 4 * hour;

/** When the days of a scenario begin. Each has the events that start before the next. */
export function boundDays({ from, days, warmUp }: Scenario): number[] {
  const first = Math.floor((from + warmUp - cutAt) / day) * day + cutAt;
  // Events that start after the end are far until then.
  const until = from + days * day + horizonMs;
  return Array.from({ length: Math.ceil((until - first) / day) }, (_, index) => first + index * day);
}

/** The bound of a day alone, which can have all calls that its events need from the night before. */
export function boundOfDay(scenario: Scenario, begin: number, solve: Solve): BoundAmounts {
  const simulation = createSimulation(scenario);
  const { rules, from, until } = simulation;
  const { goals, farGapMs } = rules;
  const end = begin + day;
  const events = eventsOf(simulation, { from: begin, until: end });
  const groups = groupsOf(events, goals, { from: from + scenario.warmUp, until });
  const moments = callMoments(simulation);
  const earliest = groups.flatMap(({ spans }) => boundClasses.map((name) => spans[name].from - goals[name]));
  const reach = { from: Math.min(...earliest), until: end };
  const calls = {
    moments: moments.filter((at) => isWithin(reach, at)),
    forFar: partsOf(reach, farGapMs),
    mostForFar: mostWithin(moments, goals.far),
  };
  return boundOf(groups, calls, rules, solve);
}

/** Parts as long as the longest gap between two calls for far events, which have one in each. */
function partsOf({ from, until }: TimeSpan, ms: number): TimeSpan[] {
  const first = Math.floor(from / ms) * ms;
  return Array.from({ length: Math.ceil((until - first) / ms) }, (_, index) => ({
    from: first + index * ms,
    until: first + (index + 1) * ms,
  }));
}
