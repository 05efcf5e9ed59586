import type { Signup } from '@paceline/client';
import { count } from '@paceline/shared/words';
import { Table } from '../parts/elements.tsx';
import { Time } from '../parts/time.tsx';
import { ratingText } from '@paceline/client/text';
import { type Filter, ourRiders, startList } from './layout.ts';
import { RiderName } from './RiderName.tsx';

/** Our riders by name at the head of the page, those who withdrew too. */
export function OurRiders({ signups }: { signups: readonly Signup[] }) {
  const ours = ourRiders(signups);
  if (ours.length === 0) return <p className="hint">None of our riders signed up.</p>;
  return (
    <section aria-label="Our riders">
      <h2>Our riders</h2>
      <ul className="card our-riders">
        {ours.map(({ riderId, name, pen, rating, withdrawnAt }) => (
          <li key={riderId} data-rider={riderId}>
            <a href={`#/riders/${riderId}`}>{name}</a>{' '}
            {withdrawnAt === null ? (
              <span className="hint">
                Pen {pen}
                {rating !== null && `, rating ${ratingText(rating)}`}
              </span>
            ) : (
              <span className="wrong">
                withdrew <Time at={withdrawnAt} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

interface StartListProps {
  readonly signups: readonly Signup[];
  readonly filter: Filter;
  readonly hasStarted: boolean;
}

export function StartList({ signups, filter, hasStarted }: StartListProps) {
  const pens = startList(signups, filter);
  return (
    <section aria-label="Start list">
      <h2>Start list</h2>
      {pens.length === 0 && (
        <p className="hint">
          {signups.length > 0
            ? 'No signups match these filters.'
            : hasStarted
              ? 'No signups were fetched before the start.'
              : 'No signups yet.'}
        </p>
      )}
      <div className="pens">
        {pens.map(({ pen, riders }) => (
          <section key={pen} className="card table-frame" aria-label={`Pen ${pen}`}>
            <h3>
              Pen {pen} <span className="hint">{count(riders.length, 'rider')}</span>
            </h3>
            <Table
              caption={`Riders in pen ${pen}, our riders first, then by rating`}
              columns={['Rider', 'Rating']}
              numbers={['Rating']}
              rows={riders.map((rider) => ({
                key: String(rider.riderId),
                cells: [<RiderName key="name" rider={rider} />, ratingText(rider.rating)],
              }))}
            />
          </section>
        ))}
      </div>
    </section>
  );
}
