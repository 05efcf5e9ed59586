import type { EventDetail } from '@paceline/client';
import { setQuery } from '../app/route.ts';
import { Button, ButtonGroup } from '../parts/elements.tsx';
import { type Filter, sortPens } from './layout.ts';

/** Limits the start list, the changes and the results to a pen or to our riders. */
export const RiderFilter = ({ pens, filter }: { pens: EventDetail['pens']; filter: Filter }) => (
  <div className="toolbar rider-filter">
    <ButtonGroup label="Riders">
      <Button aria-pressed={!filter.ours} onClick={() => setQuery({ show: undefined })}>
        All riders
      </Button>
      <Button aria-pressed={filter.ours} onClick={() => setQuery({ show: 'ours' })}>
        Our riders
      </Button>
    </ButtonGroup>
    {pens.length > 1 && (
      <ButtonGroup label="Pen">
        <Button aria-pressed={filter.pen === undefined} onClick={() => setQuery({ pen: undefined })}>
          All pens
        </Button>
        {sortPens(pens).map(({ pen }) => (
          <Button key={pen} aria-pressed={filter.pen === pen} onClick={() => setQuery({ pen })}>
            {pen}
          </Button>
        ))}
      </ButtonGroup>
    )}
  </div>
);
