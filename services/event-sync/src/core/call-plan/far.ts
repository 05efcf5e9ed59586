import { classSpan, freshnessClasses, type Goals } from '@paceline/shared/definition';
import type { Candidate } from '../classes.ts';

/** Far copies are made up to so long before they are needed, because calls are scarce in the evening; project ms. */
export const farAheadMs = 6 * 3_600_000;

/** An event that far calls can be made for. Times are project ms. */
export interface FarEvent<Event extends Candidate = Candidate> {
  readonly event: Event;
  /** When it has no copy within the far goal, or none any longer. */
  readonly dueAt: number;
  /** End of its far class. */
  readonly until: number;
}

/** A call after this is made for the near class: its copy lasts until then. */
const lastFarCallAt = (startsAt: number, { near }: Goals): number =>
  startsAt - freshnessClasses.near.fromMs - near;

/** The events that far calls can be made for, the one that needs a copy first at the front. */
export const farEvents = <Event extends Candidate>(
  events: readonly Event[],
  goals: Goals,
  now: number,
): FarEvent<Event>[] =>
  events
    .filter(({ startsAt }) => now <= lastFarCallAt(startsAt, goals))
    .map((event) => {
      const { from, until } = classSpan('far', event.startsAt);
      const copied = event.signupsFetchedAt;
      return { event, dueAt: copied === null ? from : Math.max(from, copied + goals.far), until };
    })
    .toSorted(
      (a, b) =>
        a.dueAt - b.dueAt ||
        Number(b.event.hasOurs) - Number(a.event.hasOurs) ||
        a.event.startsAt - b.event.startsAt ||
        (a.event.eventId < b.event.eventId ? -1 : 1),
    );

/** When the last far call was answered; undefined if none was that an upcoming event still shows. */
export const lastFarCopyAt = (events: readonly Candidate[], goals: Goals): number | undefined =>
  events.reduce<number | undefined>((last, { startsAt, signupsFetchedAt: at }) => {
    if (at === null || at > lastFarCallAt(startsAt, goals)) return last;
    return last === undefined ? at : Math.max(last, at);
  }, undefined);

/**
 * Takes the event out of `far` for which a call gains most fresh time, of those that need a copy within the next hours.
 * @param anyway whether one is taken if none needs a copy so soon
 */
export function takeFar<Event extends Candidate>(
  far: FarEvent<Event>[],
  goals: Goals,
  at: number,
  anyway: boolean,
): Event | undefined {
  let best = -1;
  let most = 0;
  for (const [index, { dueAt, until }] of far.entries()) {
    // In the order in which they need a copy.
    if (dueAt > at + farAheadMs && !(anyway && best < 0)) break;
    const gain = Math.min(until, at + goals.far) - Math.max(dueAt, at);
    if (gain <= most) continue;
    most = gain;
    best = index;
  }
  return best < 0 ? undefined : far.splice(best, 1)[0]?.event;
}
