import { count } from '@paceline/shared/words';
import { lazy, useState } from 'react';
import { reads, useList, useRead } from '../api/reads.ts';
import type { PageProps } from '../app/pages.ts';
import { setQuery } from '../app/route.ts';
import { Button, Loaded } from '../parts/elements.tsx';
import { sortingOf } from '../parts/SortableTable.tsx';
import { type RiderFilter, riderFilterOf } from './filter.ts';
import { useRiderRequests } from './RefreshRider.tsx';
import { riderColumns, RiderTable } from './RiderTable.tsx';
import './riders.css';

// Its plots are loaded when a rider is opened.
const RiderPage = lazy(() => import('./RiderPage.tsx').then((file) => ({ default: file.RiderPage })));

export const RidersPage = ({ id, query }: PageProps) =>
  id === undefined ? <Riders query={query} /> : <RiderPage riderId={Number(id)} />;

/** A card on a phone is as high as several rows. */
const step = matchMedia('(max-width: 760px)').matches ? 25 : 100;
/** The API lists no more at once. */
const most = 500;

function Riders({ query }: { query: URLSearchParams }) {
  const filter = riderFilterOf(query);
  const sorting = sortingOf(query, riderColumns, { sort: 'name', order: 'asc' });
  const [limit, setLimit] = useState(step);
  const requests = useRiderRequests();
  return (
    <>
      <Toolbar filter={filter} typed={query.get('q') ?? ''} />
      <Loaded query={useList(reads.riders({ ...filter, ...sorting, limit }))}>
        {({ items, total }) => (
          <>
            <output className="hint rider-count">
              {count(total, 'rider')}
              {items.length < total && `, ${items.length} shown`}
            </output>
            {items.length > 0 ? (
              <RiderTable riders={items} sorting={sorting} requests={requests} />
            ) : (
              <NoRiders filter={filter} />
            )}
            {total > step && (
              <p>
                <Button
                  inactive={items.length === total || limit === most}
                  onClick={() => setLimit(Math.min(most, limit + step))}
                >
                  Show more
                </Button>
              </p>
            )}
          </>
        )}
      </Loaded>
    </>
  );
}

function Toolbar({ filter, typed }: { filter: RiderFilter; typed: string }) {
  const clubs = useRead(reads.clubs({ sort: 'name', order: 'asc' })).data?.items ?? [];
  return (
    <search className="toolbar">
      <label>
        Name{' '}
        <input
          type="search"
          value={typed}
          placeholder="Part of a name"
          onChange={({ target }) => setQuery({ q: target.value })}
        />
      </label>
      <label>
        Club{' '}
        <select value={filter.clubId ?? ''} onChange={({ target }) => setQuery({ clubId: target.value })}>
          <option value="">All clubs</option>
          {filter.clubId !== undefined && !clubs.some(({ clubId }) => clubId === filter.clubId) && (
            <option value={filter.clubId}>Club {filter.clubId}</option>
          )}
          {clubs.map(({ clubId, name }) => (
            <option key={clubId} value={clubId}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </search>
  );
}

const NoRiders = ({ filter }: { filter: RiderFilter }) =>
  filter.q === undefined && filter.clubId === undefined ? (
    <p className="card">
      No riders yet. The next rider sync fetches the members of your clubs;{' '}
      <a href="#/requests">add a rider</a> to see one at once.
    </p>
  ) : (
    <p className="card">
      No rider matches.{' '}
      <button type="button" className="quiet" onClick={() => setQuery({ q: undefined, clubId: undefined })}>
        Show all riders
      </button>
    </p>
  );
