import type { Signup } from '@paceline/client';

type Named = Pick<Signup, 'riderId' | 'name' | 'ours' | 'club'>;

/** A rider with a link to their page, their club, and a mark for our riders. */
export const RiderName = ({ rider: { riderId, name, ours, club } }: { rider: Named }) => (
  <span className={ours ? 'rider-name strong' : 'rider-name'}>
    <a href={`#/riders/${riderId}`}>{name}</a>
    {ours && <span className="mark">ours</span>}
    {club && <span className="hint club">{club.name ?? `Club ${club.clubId}`}</span>}
  </span>
);
