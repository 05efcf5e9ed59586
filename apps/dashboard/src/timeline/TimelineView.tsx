import { clockTime, dayAndTime, duration, elapsed, outcome } from '@paceline/client/words';
import { budgets, kinds, lanes } from '@paceline/shared/definition';
import { useState } from 'react';
import { reads, useRead } from '../api/reads.ts';
import { useNow } from '../app/clock.tsx';
import { Button, Choices } from '../parts/controls.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { TableBehind } from '../parts/Table.tsx';
import { endOf, momentRange, moved, type Range, shownRange, type TimelineData, zoomed } from './layout.ts';
import { TimelinePicture } from './TimelinePicture.tsx';
import './timeline.css';

/** What ran when, in which slots, and when events start. */
export function TimelineView({ id: moment }: { id: string | undefined }) {
  const runs = useRead(reads.timelineRuns);
  const events = useRead(reads.events);
  const conflicts = useRead(reads.conflicts);
  const schedule = useRead(reads.schedule);
  return (
    <Loaded query={runs}>
      {({ items }) => (
        <Timeline
          key={moment}
          at={moment}
          data={{
            runs: items,
            events: events.data?.items ?? [],
            conflicts: conflicts.data?.items ?? [],
            coming: schedule.data?.next,
          }}
        />
      )}
    </Loaded>
  );
}

function Timeline({ at, data }: { at: string | undefined; data: TimelineData }) {
  const now = useNow();
  const [range, setRange] = useState<Range>(momentRange(at));
  const shown = shownRange(range, now);
  const steps = [
    ['Earlier', () => moved(shown, -0.5)],
    ['Later', () => moved(shown, 0.5)],
    ['Closer', () => zoomed(shown, 0.5)],
    ['Wider', () => zoomed(shown, 2)],
  ] as const;
  return (
    <>
      <p className="summary">
        {dayAndTime(shown.from)} to {clockTime(shown.to)}. Drag over a stretch to look closer; a run opens at
        a click.
      </p>
      <Choices label="What part of time is shown">
        {steps.map(([words, next]) => (
          <Button key={words} onClick={() => setRange(next())}>
            {words}
          </Button>
        ))}
        <Button aria-pressed={range === null} onClick={() => setRange(null)}>
          Follow now
        </Button>
      </Choices>
      <section className="card" aria-label="Timeline">
        <TimelinePicture data={data} now={now} from={shown.from} to={shown.to} onChoose={setRange} />
        <p className="hint">
          Pale: the slot. Solid: the run. Hollow: nothing was due, or all of it is left for the next slot.
          Flags: events that start. Lines: who waits, tied to who goes first.
        </p>
        <RunsBehind data={data} now={now} range={shown} />
        <ConflictsBehind data={data} range={shown} />
      </section>
    </>
  );
}

type Shown = NonNullable<Range>;

const RunsBehind = ({ data, now, range }: { data: TimelineData; now: number; range: Shown }) => (
  <TableBehind
    caption="The runs in the picture, newest first"
    columns={['Sync of', 'Begun', 'Lasted', 'Result']}
    rows={data.runs
      .filter((run) => Date.parse(run.startedAt) <= range.to && endOf(run, now) >= range.from)
      .map((run) => ({
        key: run.id,
        cells: [kinds[run.kind].label, clockTime(run.startedAt), elapsed(run, now), outcome(run)],
      }))}
    none="None in this stretch."
  />
);

const ConflictsBehind = ({ data, range }: { data: TimelineData; range: Shown }) => (
  <TableBehind
    button="Who waited, as a table"
    caption="Who waited for whom, newest first"
    columns={['At', 'Who waits', 'For', 'Window', 'For how long']}
    rows={data.conflicts
      .filter(({ at }) => Date.parse(at) >= range.from && Date.parse(at) <= range.to)
      .map(({ at, budget, blocked, blockedBy, expectedWaitSeconds }, index) => ({
        key: `${at} ${index}`,
        cells: [
          clockTime(at),
          lanes[blocked].label,
          lanes[blockedBy].label,
          budgets[budget].label,
          duration(expectedWaitSeconds * 1_000),
        ],
      }))}
    none="Nobody in this stretch."
  />
);
