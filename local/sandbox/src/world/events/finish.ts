import { between, draw } from '../../random.ts';
import { MINUTE, SECOND } from '../../time.ts';
import { currentRating } from '../riders/race.ts';
import { skillOf, traitsOf } from '../riders/traits.ts';
import type { PlannedEvent } from './event.ts';
import { type Entry, isEntered } from './roster.ts';

/** When an event's results appear, 10 to 30 minutes after the last finish, and when ratings follow (project ms). */
export function publication(seed: number, { id, start, duration, type }: PlannedEvent) {
  const resultsAt = start + duration + between(draw(seed, 'results appear', id), 10, 30) * MINUTE;
  const ratedAt = resultsAt + between(draw(seed, 'ratings appear', id), 15, 60) * MINUTE;
  return { resultsAt, ratedAt: type === 'Race' ? ratedAt : Number.POSITIVE_INFINITY };
}

/** One rider who rode an event. */
export interface Finisher {
  readonly riderId: number;
  readonly name: string;
  readonly pen: number;
  /** Seconds from the start, or into the race for those who gave up. */
  readonly time: number;
  readonly finished: boolean;
  readonly ratingBefore: number | null;
  readonly ratingDelta: number;
}

/** Everybody who was still signed up at the start and came, fastest first, then those who gave up. */
export function finishersOf(seed: number, event: PlannedEvent, roster: readonly Entry[]): Finisher[] {
  return roster
    .filter((entry) => isEntered(entry, event.start) && draw(seed, 'comes', event.id, entry.riderId) > 0.08)
    .map(({ riderId, pen }) => {
      const of = (stream: string) => draw(seed, stream, event.id, riderId);
      const traits = traitsOf(seed, riderId);
      const pace = 1 - 0.3 * skillOf(seed, riderId) - 0.03 * of('luck');
      return {
        riderId,
        name: traits.name,
        pen,
        time: Math.round((event.duration / SECOND) * pace * 1000) / 1000,
        finished: of('gives up') > 0.04,
        ratingBefore: currentRating(seed, traits, event.start),
        ratingDelta: Math.round(between(of('rating delta'), -35, 35) * 100) / 100,
      };
    })
    .toSorted((a, b) => Number(b.finished) - Number(a.finished) || a.time - b.time);
}
