import type { ResponseOf, RiderDetail } from '@paceline/client';
import { placeText, raceTime, ratingText, signed } from '@paceline/client/text';
import type { ReactNode } from 'react';
import { reads } from '../api/reads.ts';
import { MoreHint, Read, TableCard } from '../parts/elements.tsx';
import { Countdown, DateTime, Day } from '../parts/time.tsx';
import { RequestTable } from '../requests/RequestTable.tsx';

type RiderEvent = ResponseOf<'GET /v1/riders/{riderId}/events'>['items'][number];
type RiderResult = ResponseOf<'GET /v1/riders/{riderId}/results'>['items'][number];

const Section = ({ title, children }: { title: string; children: ReactNode }) => (
  <section aria-label={title}>
    <h2>{title}</h2>
    {children}
  </section>
);

const eventLink = ({ eventId, title }: { eventId: string; title: string }) => (
  <a key="event" href={`#/events/${eventId}`}>
    {title}
  </a>
);

export const RiderEvents = ({ riderId }: { riderId: number }) => (
  <Section title="Coming events">
    <Read from={reads.riderEvents(riderId)}>
      {(events) =>
        events.items.length === 0 ? (
          <p className="hint">Not signed up for an event of the next days.</p>
        ) : (
          <>
            <TableCard
              asCards
              columns={['Event', 'Starts', 'Pen', 'Signup']}
              rows={events.items.map((event) => ({ key: event.eventId, cells: eventCells(event) }))}
            />
            <MoreHint of={events} />
          </>
        )
      }
    </Read>
  </Section>
);

const eventCells = (event: RiderEvent): ReactNode[] => [
  eventLink(event),
  <>
    <DateTime at={event.startsAt} />{' '}
    <span className="hint">
      <Countdown at={event.startsAt} />
    </span>
  </>,
  event.signup.pen,
  event.signup.withdrawnAt === null ? (
    <>
      since <DateTime at={event.signup.firstSeenAt} />
    </>
  ) : (
    <span className="wrong">
      withdrawn <DateTime at={event.signup.withdrawnAt} />
    </span>
  ),
];

export const RiderResults = ({ riderId }: { riderId: number }) => (
  <Section title="Results">
    <Read from={reads.riderResults(riderId)}>
      {(results) =>
        results.items.length === 0 ? (
          <p className="hint">No results yet.</p>
        ) : (
          <>
            <TableCard
              asCards
              columns={['Event', 'Date', 'Place', 'Pen', 'Time', 'Rating']}
              numbers={['Time', 'Rating']}
              rows={results.items.map((result) => ({ key: result.eventId, cells: resultCells(result) }))}
            />
            <MoreHint of={results} which="newest" />
          </>
        )
      }
    </Read>
  </Section>
);

const resultCells = (result: RiderResult): ReactNode[] => [
  eventLink(result),
  <Day key="day" at={result.startsAt} />,
  placeText(result),
  result.pen ?? '–',
  result.seconds === null ? '–' : raceTime(result.seconds),
  <>
    {ratingText(result.rating)}{' '}
    {result.ratingDelta !== null && <span className="hint">{signed(result.ratingDelta)}</span>}
  </>,
];

export const RiderClubs = ({ clubs }: { clubs: RiderDetail['clubs'] }) =>
  clubs.length > 0 && (
    <Section title="Clubs">
      <TableCard
        columns={['Club', 'Joined', 'Left']}
        rows={clubs.map(({ clubId, name, joinedAt, leftAt }) => ({
          key: String(clubId),
          cells: [
            <a key="club" href={`#/clubs/${clubId}`}>
              {name ?? clubId}
            </a>,
            <Day key="joined" at={joinedAt} />,
            leftAt === null ? '–' : <Day key="left" at={leftAt} />,
          ],
        }))}
      />
    </Section>
  );

export const RiderRequests = ({ riderId }: { riderId: number }) => (
  <Section title="Requests">
    <Read from={reads.requestsAbout(riderId)}>
      {(requests) =>
        requests.items.length === 0 ? (
          <p className="hint">No requests about this rider yet.</p>
        ) : (
          <>
            <RequestTable requests={requests.items} />
            <MoreHint of={requests} which="newest" />
          </>
        )
      }
    </Read>
  </Section>
);
