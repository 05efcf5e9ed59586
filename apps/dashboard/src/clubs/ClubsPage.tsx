import type { Club } from '@paceline/client';
import type { ReactNode } from 'react';
import { reads, useList } from '../api/reads.ts';
import type { PageProps } from '../app/pages.ts';
import { Loaded } from '../parts/elements.tsx';
import { type SortableColumn, SortableTable, sortingOf } from '../parts/SortableTable.tsx';
import { Age, Countdown } from '../parts/time.tsx';
import { ClubPage } from './ClubPage.tsx';
import { RiderSyncProgress } from './ClubPass.tsx';
import './clubs.css';

export const ClubsPage = ({ id, query }: PageProps) =>
  id === undefined ? <Clubs query={query} /> : <ClubPage clubId={Number(id)} query={query} />;

const columns = [
  { label: 'Club', sort: 'name' },
  { label: 'Members', sort: 'members', isNumber: true },
  { label: 'Joined', isNumber: true },
  { label: 'Left', isNumber: true },
  { label: 'Updated' },
  { label: 'Next refresh' },
] as const satisfies readonly SortableColumn[];

function Clubs({ query }: { query: URLSearchParams }) {
  const sorting = sortingOf(query, columns, { sort: 'name', order: 'asc' });
  return (
    <>
      <RiderSyncProgress />
      <Loaded query={useList(reads.clubs(sorting))}>
        {({ items }) => (
          <>
            <SortableTable
              asCards
              caption="Clubs"
              columns={columns}
              sorting={sorting}
              rows={items.map((club) => ({ key: String(club.clubId), cells: cellsOf(club) }))}
              emptyText="No clubs yet: the first rider sync fetches them."
            />
            <p className="hint">Joined and left: members in the last 30 days.</p>
          </>
        )}
      </Loaded>
    </>
  );
}

const cellsOf = ({
  clubId,
  name,
  members,
  joined30,
  left30,
  fetchedAt,
  nextRefreshAt,
}: Club): ReactNode[] => [
  <a key="club" href={`#/clubs/${clubId}`}>
    {name}
  </a>,
  members,
  joined30,
  left30,
  <Age key="age" at={fetchedAt} />,
  nextRefreshAt === null ? 'unknown or not planned' : <Countdown key="next" at={nextRefreshAt} />,
];
