import { type Command, isPermanent, type RiderDetail } from '@paceline/client';
import { ftpPerKg, numberText, ratingText } from '@paceline/client/text';
import { count } from '@paceline/shared/words';
import type { ReactNode } from 'react';
import { reads, useRead } from '../api/reads.ts';
import { useTitle } from '../app/title.ts';
import { Loaded } from '../parts/elements.tsx';
import { Age, Day } from '../parts/time.tsx';
import { RefreshRider } from './RefreshRider.tsx';
import { RiderClubs, RiderEvents, RiderRequests, RiderResults } from './RiderLists.tsx';
import { RiderPlots } from './RiderPlots.tsx';

export function RiderPage({ riderId }: { riderId: number }) {
  const rider = useRead(reads.rider(riderId));
  const [request] = useRead(reads.requestsAbout(riderId)).data?.items ?? [];
  const isUnknown = isPermanent(rider.error) && rider.error.status === 404;
  useTitle(rider.data?.name);
  return (
    <>
      <p>
        <a href="#/riders">All riders</a>
      </p>
      <Loaded query={rider} notFound="Its data appears here when it has been fetched.">
        {(data) => (
          <>
            <Head rider={data} request={request} />
            <Numbers rider={data} />
            <BestEfforts power={data.power} />
            <RiderPlots riderId={riderId} />
            <RiderEvents riderId={riderId} />
            <RiderResults riderId={riderId} />
            <RiderClubs clubs={data.clubs} />
          </>
        )}
      </Loaded>
      {isUnknown && (
        <RefreshRider
          label="Fetch"
          rider={{ riderId, name: `rider ${riderId}`, fetchedAt: '' }}
          request={request}
        />
      )}
      <RiderRequests riderId={riderId} />
    </>
  );
}

function Head({ rider, request }: { rider: RiderDetail; request: Command | undefined }) {
  const { riderId, club, country, ageGroup, phenotype, fetchedAt } = rider;
  return (
    <div className="rider-head">
      <p className="summary">
        {club && (
          <>
            <a href={`#/clubs/${club.clubId}`}>{club.name ?? `Club ${club.clubId}`}</a>
            {' · '}
          </>
        )}
        {[country?.toUpperCase(), ageGroup, phenotype, `id ${riderId}`].filter(Boolean).join(' · ')}
        <br />
        <span className="hint">
          Updated <Age at={fetchedAt} />
        </span>
      </p>
      <RefreshRider rider={rider} request={request} />
    </div>
  );
}

function Numbers({ rider }: { rider: RiderDetail }) {
  const { rating, ratingMax30, ratingMax90, category, zpCategory, zpFtp, weightKg, heightCm, races } = rider;
  return (
    <dl className="numbers">
      <Fact term="Rating" hint={category}>
        {ratingText(rating)}
      </Fact>
      <Fact term="30-day peak">{ratingText(ratingMax30)}</Fact>
      <Fact term="90-day peak">{ratingText(ratingMax90)}</Fact>
      <Fact term="FTP" hint={ftpPerKg(rider)}>
        {numberText(zpFtp, 'W')}
      </Fact>
      <Fact term="Weight" hint={heightCm !== null && `${heightCm} cm`}>
        {numberText(weightKg, 'kg', 1)}
      </Fact>
      <Fact term="ZwiftPower category">{zpCategory ?? '–'}</Fact>
      <Fact
        term="Races"
        hint={
          races && (
            <>
              {count(races.wins, 'win')}, {races.podiums} on the podium, {races.dnfs} not finished
              {races.lastAt !== null && (
                <>
                  , last <Day at={races.lastAt} />
                </>
              )}
            </>
          )
        }
      >
        {races ? races.finishes + races.dnfs : '–'}
      </Fact>
    </dl>
  );
}

const Fact = ({ term, hint, children }: { term: string; hint?: ReactNode; children: ReactNode }) => (
  <div>
    <dt>{term}</dt>
    <dd>
      {children}
      {hint && <span className="hint">{hint}</span>}
    </dd>
  </div>
);

const BestEfforts = ({ power }: { power: RiderDetail['power'] }) =>
  power.length > 0 && (
    <section aria-labelledby="efforts">
      <h2 id="efforts">Best efforts</h2>
      <dl className="numbers">
        {power.map(({ name, watts, perKg }) => (
          <Fact key={name} term={name} hint={perKg !== null && `${perKg.toFixed(1)} W/kg`}>
            {Math.round(watts)} W
          </Fact>
        ))}
      </dl>
    </section>
  );
