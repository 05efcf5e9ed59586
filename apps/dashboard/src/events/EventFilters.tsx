import type { Event, FreshnessClass } from '@paceline/client';
import { classNames, freshnessClasses } from '@paceline/shared/definition';
import { useEffect } from 'react';
import { createStore, useStore } from '../api/client.ts';
import { setQuery } from '../app/route.ts';
import { Button, ButtonGroup } from '../parts/elements.tsx';

export interface EventQuery {
  readonly isPast: boolean;
  readonly isOurs: boolean;
  readonly q: string;
  readonly type: string;
  /** Only events that are in this class now. */
  readonly class: FreshnessClass | undefined;
}

/** `#/events?when=past&show=all&q=crit&type=Race` or `?class=near`; without a query: upcoming events with our riders. */
export const readQuery = (query: URLSearchParams): EventQuery => ({
  isPast: query.get('when') === 'past',
  isOurs: query.get('show') !== 'all',
  q: query.get('q') ?? '',
  type: query.get('type') ?? '',
  class: classNames.find((name) => name === query.get('class')),
});

/** Event types are not documented: these are the types seen since the dashboard was opened. */
const seenTypes = createStore<readonly string[]>(['Race']);

interface FiltersProps {
  readonly asked: EventQuery;
  readonly items: readonly Event[];
}

export function EventFilters({ asked: { isPast, isOurs, q, type, class: shownClass }, items }: FiltersProps) {
  const seen = useStore(seenTypes);
  const found = [...new Set([...seen, ...items.flatMap((item) => item.type ?? []), ...(type ? [type] : [])])];
  useEffect(() => {
    if (found.length > seen.length) seenTypes.set(found.toSorted());
  });
  return (
    <search className="toolbar">
      <ButtonGroup label="Time">
        <Button aria-pressed={!isPast} onClick={() => setQuery({ when: undefined })}>
          Upcoming
        </Button>
        <Button aria-pressed={isPast} onClick={() => setQuery({ when: 'past', class: undefined })}>
          Past
        </Button>
      </ButtonGroup>
      <ButtonGroup label="Riders">
        <Button aria-pressed={isOurs} onClick={() => setQuery({ show: undefined })}>
          With our riders
        </Button>
        <Button aria-pressed={!isOurs} onClick={() => setQuery({ show: 'all' })}>
          All events
        </Button>
      </ButtonGroup>
      {!isPast && (
        <label>
          Start{' '}
          <select value={shownClass ?? ''} onChange={({ target }) => setQuery({ class: target.value })}>
            <option value="">Any time</option>
            {classNames.map((name) => (
              <option key={name} value={name}>
                {freshnessClasses[name].label}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        Title <input type="search" value={q} onChange={({ target }) => setQuery({ q: target.value })} />
      </label>
      <label>
        Type{' '}
        <select value={type} onChange={({ target }) => setQuery({ type: target.value })}>
          <option value="">All types</option>
          {found.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
    </search>
  );
}
