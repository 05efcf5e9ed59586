import type { Event } from '@paceline/client';
import { dayOf, eventFacts, resultsText } from '@paceline/client/text';
import { count } from '@paceline/shared/words';
import { useState } from 'react';
import { reads, useList } from '../api/reads.ts';
import { minute, useNow } from '../app/clock.tsx';
import type { PageProps } from '../app/pages.ts';
import { setQuery } from '../app/route.ts';
import { Button, Loaded } from '../parts/elements.tsx';
import { Age, Countdown, TimeOfDay } from '../parts/time.tsx';
import { EventPage } from './EventPage.tsx';
import { CopyAge, RefreshHint, SignupCount } from './facts.tsx';
import { EventFilters, type EventQuery, readQuery } from './EventFilters.tsx';
import { groupBy, oursText, startsIn } from './layout.ts';
import { SyncStatus } from './SyncStatus.tsx';
import './events.css';

export const EventsPage = ({ id, query }: PageProps) =>
  id === undefined ? <Events asked={readQuery(query)} /> : <EventPage eventId={id} query={query} />;

const pageSize = 50;
/** The most that the API returns at once. */
const maxShown = 500;

function Events({ asked }: { asked: EventQuery }) {
  const [limit, setLimit] = useState(pageSize);
  const { isPast, isOurs, q, type } = asked;
  const now = useNow(minute);
  const list = useList(
    reads.eventsOf({
      when: isPast ? 'past' : 'upcoming',
      order: isPast ? 'desc' : 'asc',
      ours: isOurs || undefined,
      q: q.trim() || undefined,
      type: type || undefined,
      ...(asked.class && !isPast && startsIn(asked.class, now)),
      limit,
    }),
  );
  return (
    <>
      <EventFilters asked={asked} items={list.data?.items ?? []} />
      <section className="card syncs" aria-label="Syncs of events">
        {isPast ? (
          <SyncStatus kind="results" />
        ) : (
          <>
            <SyncStatus kind="near" />
            <SyncStatus kind="far" />
          </>
        )}
      </section>
      <Loaded query={list}>
        {({ items, total }) => (
          <>
            {items.length === 0 && <NoEvents asked={asked} />}
            {groupBy(items, ({ startsAt }) => dayOf(startsAt)).map((day) => (
              <section key={day.label}>
                <Day label={day.label} />
                <ol className="card event-list">
                  {day.items.map((event) => (
                    <EventItem key={event.eventId} event={event} isPast={isPast} />
                  ))}
                </ol>
              </section>
            ))}
            {items.length > 0 && (
              <p className="hint">
                {items.length} of {count(total, 'event')}{' '}
                {total > pageSize && (
                  <Button
                    inactive={items.length === total || limit === maxShown}
                    onClick={() => setLimit(limit + pageSize)}
                  >
                    Show more
                  </Button>
                )}
              </p>
            )}
          </>
        )}
      </Loaded>
    </>
  );
}

function Day({ label }: { label: string }) {
  return <h2>{dayOf(useNow(minute)) === label ? `Today, ${label}` : label}</h2>;
}

function EventItem({ event, isPast }: { event: Event; isPast: boolean }) {
  const { eventId, startsAt, title, ours, delistedAt, freshness } = event;
  return (
    <li data-event={eventId}>
      <p className="event-start">
        <TimeOfDay at={startsAt} />{' '}
        <span className="hint">{isPast ? <Age at={startsAt} /> : <Countdown at={startsAt} />}</span>
      </p>
      <p className="event-title">
        <a href={`#/events/${eventId}`}>{title}</a> <span className="hint">{eventFacts(event)}</span>
        {delistedAt !== null && <span className="wrong">No longer listed</span>}
      </p>
      <p className={ours > 0 ? 'event-ours strong' : 'event-ours hint'}>{oursText(ours)}</p>
      <p className="event-signups">
        <SignupCount event={event} />
      </p>
      <p className="event-copy hint">
        {isPast ? (
          resultsText(event.results)
        ) : (
          <>
            <CopyAge event={event} />
            <br />
            <RefreshHint freshness={freshness} />
          </>
        )}
      </p>
    </li>
  );
}

function NoEvents({ asked: { isPast, isOurs, q, type, class: name } }: { asked: EventQuery }) {
  const events = `${isPast ? 'past' : 'upcoming'} events${isOurs ? ' with our riders' : ''}`;
  return (
    <p className="hint">
      {q || type || name ? `No ${events} match the filters. ` : `No ${events}. `}
      {isOurs && <Button onClick={() => setQuery({ show: 'all' })}>Show all events</Button>}
    </p>
  );
}
