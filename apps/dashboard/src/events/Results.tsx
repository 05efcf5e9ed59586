import type { EventDetail, Result } from '@paceline/client';
import { placeText, raceTime, ratingText, resultsText, signed } from '@paceline/client/text';
import { Fragment } from 'react';
import { reads } from '../api/reads.ts';
import { Read, Table } from '../parts/elements.tsx';
import { Age } from '../parts/time.tsx';
import { type Filter, resultGroups } from './layout.ts';
import { RiderName } from './RiderName.tsx';

export function Results({ event: { eventId, results }, filter }: { event: EventDetail; filter: Filter }) {
  const { fetchedAt, triedAt, tries, reason } = results;
  return (
    <section aria-label="Results">
      <h2>Results</h2>
      <p className="hint">
        {resultsText(results)}
        {fetchedAt !== null && (
          <>
            , fetched <Age at={fetchedAt} />
          </>
        )}
        {triedAt !== null && triedAt !== fetchedAt && (
          <>
            , tried {tries === 1 ? 'once' : `${tries} times, last`} <Age at={triedAt} />
          </>
        )}
        {reason !== null && `: ${reason}`}
      </p>
      {fetchedAt !== null && (
        <Read from={reads.results(eventId)}>{(all) => <ResultTables results={all} filter={filter} />}</Read>
      )}
    </section>
  );
}

function ResultTables({ results, filter }: { results: readonly Result[]; filter: Filter }) {
  const pens = resultGroups(results, filter);
  if (pens.length === 0 && results.length > 0) return <p className="hint">No results match these filters.</p>;
  return (
    <div className="pens">
      {pens.map(({ pen, riders }) => (
        <section
          key={pen}
          className="card table-frame"
          aria-label={pen ? `Results of pen ${pen}` : 'Results'}
        >
          {pen !== '' && <h3>Pen {pen}</h3>}
          <Table
            caption="Finishers by place, then riders who did not finish"
            columns={['Place', 'Rider', 'Time', 'Rating']}
            numbers={['Time', 'Rating']}
            rows={riders.map((rider) => ({
              key: String(rider.riderId),
              cells: [
                rider.removed ? '–' : placeText(rider),
                <Fragment key="name">
                  <RiderName rider={rider} />
                  {rider.removed && <span className="hint below">removed from the results</span>}
                </Fragment>,
                <Finish key="time" of={rider} />,
                <Rating key="rating" of={rider} />,
              ],
            }))}
          />
        </section>
      ))}
    </div>
  );
}

const Finish = ({ of: { finished, seconds, gapSeconds } }: { of: Result }) =>
  finished && seconds !== null ? (
    <>
      {raceTime(seconds)}{' '}
      {gapSeconds !== null && gapSeconds > 0 && <span className="hint below">+{raceTime(gapSeconds)}</span>}
    </>
  ) : (
    '–'
  );

const Rating = ({ of: { rating, ratingDelta } }: { of: Result }) => (
  <>
    {ratingText(rating)} <span className="hint below">{ratingDelta === null ? '' : signed(ratingDelta)}</span>
  </>
);
