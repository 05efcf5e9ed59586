import type { Command, Rider } from '@paceline/client';
import { numberText, ratingText, signed } from '@paceline/client/text';
import type { ReactNode } from 'react';
import { type SortableColumn, SortableTable } from '../parts/SortableTable.tsx';
import { Sparkline } from '../parts/Sparkline.tsx';
import { Age } from '../parts/time.tsx';
import { RefreshRider } from './RefreshRider.tsx';
import { trendOf } from './trend.ts';

export const riderColumns = [
  { label: 'Rider', sort: 'name' },
  { label: 'Club' },
  { label: 'Category' },
  { label: 'Rating', sort: 'rating', isNumber: true },
  { label: '30-day peak', isNumber: true },
  { label: '90-day peak', isNumber: true },
  { label: 'Trend' },
  { label: 'Weight', sort: 'weight', isNumber: true },
  { label: 'FTP', sort: 'ftp', isNumber: true },
  { label: 'Updated', sort: 'fetchedAt' },
  { label: 'Refresh' },
] as const satisfies readonly SortableColumn[];

interface RiderTableProps {
  readonly riders: readonly Rider[];
  readonly sorting: { readonly sort: string; readonly order: 'asc' | 'desc' };
  /** The newest request about each rider. */
  readonly requests: ReadonlyMap<number, Command>;
}

export const RiderTable = ({ riders, sorting, requests }: RiderTableProps) => (
  <div className="rider-list">
    <SortableTable
      asCards
      caption="Riders"
      columns={riderColumns}
      sorting={sorting}
      rows={riders.map((rider) => ({
        key: String(rider.riderId),
        cells: cellsOf(rider, requests.get(rider.riderId)),
      }))}
      emptyText="No rider matches."
    />
  </div>
);

const cellsOf = (rider: Rider, request: Command | undefined): ReactNode[] => [
  <a key="name" href={`#/riders/${rider.riderId}`}>
    {rider.name}
  </a>,
  rider.club ? <a href={`#/clubs/${rider.club.clubId}`}>{rider.club.name ?? rider.club.clubId}</a> : '–',
  rider.category ?? '–',
  ratingText(rider.rating),
  ratingText(rider.ratingMax30),
  ratingText(rider.ratingMax90),
  <Trend key="trend" rider={rider} />,
  numberText(rider.weightKg, 'kg', 1),
  numberText(rider.zpFtp, 'W'),
  <Age key="age" at={rider.fetchedAt} />,
  <RefreshRider key="refresh" rider={rider} request={request} isQuiet />,
];

function Trend({ rider }: { rider: Rider }) {
  const points = trendOf(rider);
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || first === last) return '–';
  return (
    <span className="trend">
      <Sparkline label={`Rating in 90 days: ${first.value} to ${last.value}`} points={points} />
      <span>{signed(last.value - first.value, 0)}</span>
    </span>
  );
}
