import type { EventDetail, SyncKind } from '@paceline/client';
import { dayOf, eventFacts } from '@paceline/client/text';
import { memo } from 'react';
import { reads, useRead } from '../api/reads.ts';
import { second, useNow } from '../app/clock.tsx';
import { useTitle } from '../app/title.ts';
import { Loaded, Read } from '../parts/elements.tsx';
import { Age, Countdown, Time, TimeOfDay } from '../parts/time.tsx';
import { Changes } from './Changes.tsx';
import { CopyAge, NextRefresh, SignupCount } from './facts.tsx';
import { type Filter } from './layout.ts';
import { Pens } from './Pens.tsx';
import { Results } from './Results.tsx';
import { RiderFilter } from './RiderFilter.tsx';
import { OurRiders, StartList } from './StartList.tsx';
import { SyncStatus } from './SyncStatus.tsx';

export function EventPage({ eventId, query }: { eventId: string; query: URLSearchParams }) {
  return (
    <>
      <p>
        <a href="#/events">All events</a>
      </p>
      <Read from={reads.event(eventId)} notFound="It was in no event list that Paceline has fetched.">
        {(event) => <Timed event={event} query={query} />}
      </Read>
    </>
  );
}

/** Follows the time, so that the rest is drawn again only when something changes. */
function Timed({ event, query }: { event: EventDetail; query: URLSearchParams }) {
  const hasStarted = Date.parse(event.startsAt) <= useNow(second);
  return (
    <Details
      event={event}
      hasStarted={hasStarted}
      pen={query.get('pen') ?? undefined}
      isOurs={query.get('show') === 'ours'}
    />
  );
}

interface DetailsProps {
  readonly event: EventDetail;
  readonly hasStarted: boolean;
  readonly pen: string | undefined;
  readonly isOurs: boolean;
}

const Details = memo(function Details({ event, hasStarted, pen, isOurs }: DetailsProps) {
  const signups = useRead(reads.signups(event.eventId));
  useTitle(event.title);
  const filter: Filter = { pen, ours: isOurs };
  return (
    <>
      <p className="question">{eventFacts(event)}</p>
      {event.delistedAt !== null && (
        <p className="wrong">
          No longer listed by ZwiftRacing since <Time at={event.delistedAt} />; it may be cancelled.
        </p>
      )}
      <Facts event={event} hasStarted={hasStarted} />
      <Loaded query={signups}>
        {(all) => (
          <>
            <OurRiders signups={all} />
            <Pens event={event} signups={all} />
            <RiderFilter pens={event.pens} filter={filter} />
            {hasStarted && <Results event={event} filter={filter} />}
            <Changes signups={all} filter={filter} />
            <StartList signups={all} filter={filter} hasStarted={hasStarted} />
          </>
        )}
      </Loaded>
    </>
  );
});

function Facts({ event, hasStarted }: { event: EventDetail; hasStarted: boolean }) {
  const { startsAt } = event;
  const kind = syncOf(event, hasStarted);
  return (
    <section className="card" aria-label="Facts">
      <dl className="facts">
        <div>
          <dt>{hasStarted ? 'Started' : 'Starts'}</dt>
          <dd>
            <strong>{hasStarted ? <Age at={startsAt} /> : <Countdown at={startsAt} />}</strong>{' '}
            <span className="hint">
              {dayOf(startsAt)} <TimeOfDay at={startsAt} />
            </span>
          </dd>
        </div>
        <div>
          <dt>Signups</dt>
          <dd>
            <SignupCount event={event} />
          </dd>
        </div>
        <div>
          <dt>Copy</dt>
          <dd>
            <CopyAge event={event} />
          </dd>
        </div>
        {!hasStarted && (
          <div>
            <dt>Next refresh</dt>
            <dd>
              <NextRefresh event={event} />
            </dd>
          </div>
        )}
      </dl>
      {kind && <SyncStatus kind={kind} />}
    </section>
  );
}

/** The sync that fetches something about this event now. */
function syncOf({ freshness }: EventDetail, hasStarted: boolean): SyncKind | undefined {
  if (hasStarted) return 'results';
  return freshness.class === 'urgent' ? 'near' : (freshness.class ?? undefined);
}
