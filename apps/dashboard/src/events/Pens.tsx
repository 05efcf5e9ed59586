import type { EventDetail, Signup } from '@paceline/client';
import { useMemo } from 'react';
import { Table } from '../parts/elements.tsx';
import { Plot } from '../parts/Plot.tsx';
import { ratingText } from '@paceline/client/text';
import { growthOf, sortPens } from './layout.ts';

interface PensProps {
  readonly event: EventDetail;
  readonly signups: readonly Signup[];
}

/** The pens with their counts, beside the growth of the signups. */
export function Pens({ event: { pens, signupsFetchedAt }, signups }: PensProps) {
  const growth = useMemo(() => growthOf(signups, signupsFetchedAt), [signups, signupsFetchedAt]);
  return (
    <section aria-label="Pens">
      <h2>Pens</h2>
      <div className="halves">
        <div className="card table-frame">
          <Table
            caption="Pens, the strongest first"
            columns={['Pen', 'Signed up', 'Ours', 'Withdrew', 'Average rating']}
            numbers={['Signed up', 'Ours', 'Withdrew', 'Average rating']}
            rows={sortPens(pens).map(({ pen, current, ours, withdrawn, avgRating }) => ({
              key: pen,
              cells: [
                pen,
                current,
                ours > 0 ? <strong key="ours">{ours}</strong> : 0,
                withdrawn,
                ratingText(avgRating),
              ],
            }))}
            emptyText="No signups fetched yet."
          />
        </div>
        <div className="card">
          {growth.length > 1 ? (
            <Plot label="Signups" points={growth} />
          ) : (
            <p className="hint">Growth is shown from the second copy on.</p>
          )}
        </div>
      </div>
    </section>
  );
}
