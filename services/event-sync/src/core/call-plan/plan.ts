import type { CallReason } from '@paceline/shared/contracts';
import { type FreshnessClass, freshnessClasses, type Goals, isWithinGoal } from '@paceline/shared/definition';
import { type Candidate, freshUntil } from '../classes.ts';
import { type Chain, chainOf, createScratch, oneCall } from './chain.ts';
import { farEvents, lastFarCopyAt, takeFar } from './far.ts';
import type { Moment } from './moments.ts';
import { shareOut } from './share-out.ts';
import { gainsFrom, type Weights, worthOf } from './worth.ts';

export interface Rules {
  readonly goals: Goals;
  readonly weights: Weights;
  /** Longest time between two calls for far events, project ms. */
  readonly farGapMs: number;
}

/** Times are project ms. */
export interface PlannedCall<Event extends Candidate = Candidate> {
  readonly at: number;
  readonly event: Event;
  /** The class that the call is made for. */
  readonly class: FreshnessClass;
  readonly because: CallReason;
  /** The copy stays within its goals until then; at most the start. */
  readonly freshUntil: number;
}

/**
 * Which event gets which of the next calls, in their order: events of the next hours where they are worth most, far events in
 * what is left. Only the first call of a plan is made before the next plan.
 * @param oursPerSignup share of all signups that are of our riders, 0 to 1
 */
export function planCalls<Event extends Candidate>(
  events: readonly Event[],
  moments: readonly Moment[],
  rules: Rules,
  oursPerSignup: number,
): PlannedCall<Event>[] {
  const { goals } = rules;
  const now = moments[0]?.at ?? 0;
  const times = moments.map(({ at }) => at);
  const claims = claimsOf(events, moments, rules, oursPerSignup);
  const far = farEvents(events, goals, now);
  const latestFar = Math.max(now, (lastFarCopyAt(events, goals) ?? -Infinity) + rules.farGapMs);
  const kept = far.length === 0 ? [] : [oneCall(times.map((at) => suitsFar(at, latestFar)))];
  const shares = shareOut([...claims.map(({ chain }) => chain), ...kept], moments.length);
  const eventAt = new Map(
    claims.flatMap(({ event }, index) => (shares[index] ?? []).map((moment) => [moment, event] as const)),
  );
  const reserved = kept.length === 0 ? undefined : shares[claims.length]?.[0];
  return moments.flatMap(({ at, isOpen }, index): PlannedCall<Event>[] => {
    const soon = eventAt.get(index);
    if (soon) return [callFor(soon, isUrgent(at, soon.startsAt) ? 'urgent' : 'near', at, goals)];
    const later = isOpen ? takeFar(far, goals, at, index === reserved) : undefined;
    return later ? [callFor(later, 'far', at, goals)] : [];
  });
}

const isUrgent = (at: number, startsAt: number): boolean => at >= startsAt - freshnessClasses.urgent.fromMs;

/** Outside the slots only urgent events are fetched. */
const canCall = ({ at, isOpen }: Moment, startsAt: number): boolean => isOpen || isUrgent(at, startsAt);

/** The events that a call in these moments can keep fresh in their last hours, by start. */
function claimsOf<Event extends Candidate>(
  events: readonly Event[],
  moments: readonly Moment[],
  { goals, weights }: Rules,
  oursPerSignup: number,
): Array<{ readonly event: Event; readonly chain: Chain }> {
  const times = moments.map(({ at }) => at);
  const [first = 0] = times;
  const last = times.at(-1) ?? first;
  const scratch = createScratch(times.length);
  return events
    .filter(({ startsAt }) => startsAt > first)
    .map((event) => ({ event, worth: worthOf(event, goals, weights, oursPerSignup) }))
    .filter(({ worth }) => gainsFrom(worth) < last)
    .toSorted((a, b) => byStart(a.event, b.event))
    .map(({ event, worth }) => ({
      event,
      chain: chainOf(worth, times, (index) => canCall(moments[index] as Moment, event.startsAt), scratch),
    }));
}

/** Of two moments in time the later one suits better, but by less than any event gains; too late costs more than that. */
const minutesPerMsEarly = 1 / 86_400_000;
const minutesPerMsLate = 1 / 60;

/** How well a moment suits the one call that is kept for a far event; `latest`: the last moment in time; project ms. */
const suitsFar = (at: number, latest: number): number =>
  at <= latest ? (at - latest) * minutesPerMsEarly : (latest - at) * minutesPerMsLate;

const callFor = <Event extends Candidate>(
  event: Event,
  name: FreshnessClass,
  at: number,
  goals: Goals,
): PlannedCall<Event> => ({
  at,
  event,
  class: name,
  because: reasonFor(event, goals, at),
  freshUntil: freshUntil(at, event.startsAt, goals, at),
});

const byStart = (a: Candidate, b: Candidate): number =>
  a.startsAt - b.startsAt || (a.eventId < b.eventId ? -1 : 1);

function reasonFor({ startsAt, signupsFetchedAt }: Candidate, goals: Goals, at: number): CallReason {
  if (isUrgent(at, startsAt)) return 'about_to_start';
  if (signupsFetchedAt === null) return 'never_fetched';
  return isWithinGoal(signupsFetchedAt, startsAt, goals, at) ? 'soon_older_than_goal' : 'older_than_goal';
}
