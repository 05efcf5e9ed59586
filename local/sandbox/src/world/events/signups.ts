import type { Membership } from '../clubs.ts';
import { withEntities } from '../names.ts';
import { signupAt } from '../riders/rider.ts';
import type { PlannedEvent } from './event.ts';
import { type Entry, isEntered } from './roster.ts';

/** Who is signed up at `at` (project ms), pen by pen; who has withdrawn is merely not there. Names are escaped. */
export function signupsOf(
  seed: number,
  membership: Membership,
  event: PlannedEvent,
  roster: readonly Entry[],
  at: number,
) {
  return event.pens.map((name, pen) => {
    const riders = roster
      .filter((entry) => entry.pen === pen && isEntered(entry, at))
      .map(({ riderId }) => signupAt(seed, membership, riderId, at))
      .map((rider) => ({ ...rider, name: withEntities(rider.name) }));
    const ratings = riders.flatMap(({ race }) => race.rating ?? []);
    const sum = ratings.reduce((total, rating) => total + rating, 0);
    const avgRating = ratings.length > 0 ? Math.round((sum / ratings.length) * 100) / 100 : 0;
    return { name, avgRating, ratedRiders: ratings.length, riders };
  });
}
