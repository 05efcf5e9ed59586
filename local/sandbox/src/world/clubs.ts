import { between, draw, hash, sequence } from '../random.ts';

/** A club that can be asked for. */
export interface Club {
  readonly id: number;
  readonly name: string;
  readonly size: number;
}

export const defaultClubs: readonly Club[] = [
  { id: 20650, name: 'Paceline Racing', size: 120 },
  { id: 20651, name: 'Paceline Development', size: 60 },
  { id: 20652, name: 'Chain Gang Worldwide', size: 1300 },
];

/** Every id in this range is a rider, no other id is. From `strangersFrom` on nobody is in a served club. */
export const riderIds = { first: 100_000, strangersFrom: 4_000_000, last: 5_999_999 } as const;

export const isRider = (id: number): boolean => id >= riderIds.first && id <= riderIds.last;

/** A rider id for a draw in [0, 1). */
export const riderIdAt = (drawn: number): number =>
  Math.floor(between(drawn, riderIds.first, riderIds.last + 1));

export type Membership = ReturnType<typeof createMembership>;

export function createMembership(seed: number, clubs: readonly Club[]) {
  const taken = new Map<number, Club>();
  for (const club of clubs) {
    const next = sequence(seed, 'members', club.id);
    for (let members = 0; members < club.size;) {
      const id = Math.floor(between(next(), riderIds.first, riderIds.strangersFrom));
      if (taken.has(id)) continue;
      taken.set(id, club);
      members += 1;
    }
  }
  const byClub = Map.groupBy(taken.keys(), (id) => taken.get(id)?.id);
  for (const members of byClub.values()) members.sort((a, b) => a - b);

  return {
    clubs,
    /** Ids of the members, ascending; nothing for a club that can't be asked for. */
    membersOf: (clubId: number): readonly number[] | undefined => byClub.get(clubId),
    /** The club of any rider. Outside the served clubs many are in none and the others in clubs nobody can ask for. */
    clubOf(riderId: number) {
      const club = taken.get(riderId);
      if (club) return { id: club.id, name: club.name };
      if (draw(seed, 'in a club', riderId) < 0.35) return null;
      const other = hash(seed, 'other club', riderId) % 400;
      return { id: 30_000 + other, name: `Cycling Club ${other + 1}` };
    },
  };
}
