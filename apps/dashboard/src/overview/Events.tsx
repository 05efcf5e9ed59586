import type { Event } from '@paceline/client';
import { duration } from '@paceline/client/text';
import { count } from '@paceline/shared/words';
import { reads } from '../api/reads.ts';
import { RefreshHint } from '../events/facts.tsx';
import { Read } from '../parts/elements.tsx';
import { Age, Countdown, Time } from '../parts/time.tsx';

/** The next events with our riders, and how fresh their signups are. */
export const Events = () => (
  <section className="card events" aria-labelledby="events-title">
    <h2 id="events-title">Next events with our riders</h2>
    <Read from={reads.ourNextEvents}>
      {({ items }) =>
        items.length === 0 ? (
          <p>No rider of ours is signed up for a coming event.</p>
        ) : (
          <ul className="rows">
            {items.map((event) => (
              <EventRow key={event.eventId} event={event} />
            ))}
          </ul>
        )
      }
    </Read>
    <a href="#/events">All events</a>
  </section>
);

const EventRow = ({
  event: { eventId, title, startsAt, ours, signupsFetchedAt, freshness },
}: {
  event: Event;
}) => (
  <li>
    <span className="pair">
      <a href={`#/events/${eventId}`}>{title}</a>
      <span>
        <Time at={startsAt} />{' '}
        <span className="hint">
          <Countdown at={startsAt} />
        </span>
      </span>
    </span>
    <span className="hint">
      {count(ours, 'rider')} of ours, signups{' '}
      {signupsFetchedAt === null ? (
        'not fetched yet'
      ) : (
        <>
          fetched <Age at={signupsFetchedAt} />
        </>
      )}
      {freshness.withinGoal === false && freshness.goalSeconds !== null && (
        <span className="wrong">, older than the goal of {duration(freshness.goalSeconds * 1_000)}</span>
      )}
      {freshness.class !== null && ' · '}
      <RefreshHint freshness={freshness} />
    </span>
  </li>
);
