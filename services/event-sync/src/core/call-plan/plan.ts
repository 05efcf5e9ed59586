import type { CallReason } from '@paceline/shared/contracts';
import { type FreshnessClass, freshnessClasses, type Goals, isWithinGoal } from '@paceline/shared/definition';
import { type Candidate, freshUntil } from '../classes.ts';
import { chainOf } from './chain.ts';
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

const day = 86_400_000;

/**
 * Which event gets which of the next calls, in their order: events of the next hours where they are worth most, far events in
 * what is left. Only the first call of a plan is made before the next plan.
 * @param oursPerSignup share of all signups that are of our riders, 0 to 1
 */
export function planCalls<Event extends Candidate>(
  events: readonly Event[],
  moments: readonly Moment[],
  { goals, weights, farGapMs }: Rules,
  oursPerSignup: number,
): PlannedCall<Event>[] {
  const now = moments[0]?.at ?? 0;
  const times = moments.map(({ at }) => at);
  const canFetch = (startsAt: number, index: number): boolean => {
    const { at, isOpen } = moments[index] as Moment;
    return isOpen || at >= startsAt - freshnessClasses.urgent.fromMs;
  };
  const last = times.at(-1) ?? now;
  const soon = events
    .filter(({ startsAt }) => startsAt > now)
    .map((event) => ({ event, worth: worthOf(event, goals, weights, oursPerSignup) }))
    .filter(({ worth }) => gainsFrom(worth) < last)
    .toSorted((a, b) => byStart(a.event, b.event))
    .map(({ event, worth }) => ({
      event,
      worth,
      chain: chainOf(worth, times, (index) => canFetch(event.startsAt, index)),
    }));
  const far = farEvents(events, goals, now);
  const deadline = Math.max(now, (lastFarCopyAt(events, goals) ?? -Infinity) + farGapMs);
  const { calls, reserved } = shareOut(
    soon,
    times,
    ({ worth }, index) => canFetch(worth.startsAt, index),
    // As late as possible.
    far.length === 0
      ? undefined
      : (index) => -Math.max((deadline - (times[index] ?? 0)) / day, ((times[index] ?? 0) - deadline) / 60),
  );
  const eventAt = new Map(
    soon.flatMap(({ event }, index) => (calls[index] ?? []).map((moment) => [moment, event] as const)),
  );
  return moments.flatMap(({ at, isOpen }, index): PlannedCall<Event>[] => {
    const event = eventAt.get(index) ?? (isOpen ? takeFar(far, goals, at, index === reserved) : undefined);
    if (!event) return [];
    const name =
      at >= event.startsAt - freshnessClasses.urgent.fromMs ? 'urgent' : eventAt.has(index) ? 'near' : 'far';
    return [
      {
        at,
        event,
        class: name,
        because: reasonFor(event, goals, at),
        freshUntil: freshUntil(at, event.startsAt, goals, at),
      },
    ];
  });
}

const byStart = (a: Candidate, b: Candidate): number =>
  a.startsAt - b.startsAt || (a.eventId < b.eventId ? -1 : 1);

function reasonFor({ startsAt, signupsFetchedAt }: Candidate, goals: Goals, at: number): CallReason {
  if (at >= startsAt - freshnessClasses.urgent.fromMs) return 'about_to_start';
  if (signupsFetchedAt === null) return 'never_fetched';
  return isWithinGoal(signupsFetchedAt, startsAt, goals, at) ? 'soon_older_than_goal' : 'older_than_goal';
}
