import { useState } from 'react';
import { reads, useRead } from '../api/reads.ts';
import type { Event, Run } from '../api/shapes.ts';
import { Loaded } from '../parts/Loading.tsx';
import { TableBehind } from '../parts/TableBehind.tsx';
import { kindWords, lasted, outcome } from '../runs/words.ts';
import { useNow } from '../time/clock.ts';
import { clockTime, dayOf } from '../time/words.ts';
import { momentRange, moved, type Range, shownRange, zoomed } from './range.ts';
import { TimelinePicture } from './TimelinePicture.tsx';
import './timeline.css';

/** What ran when, in which slots, and when events start. */
export function TimelineView({ id: moment }: { id: string | undefined }) {
  const runs = useRead(reads.timelineRuns);
  const events = useRead(reads.events);
  return (
    <Loaded query={runs}>
      {({ items }) => <Timeline key={moment} at={moment} runs={items} events={events.data?.items ?? []} />}
    </Loaded>
  );
}

function Timeline({
  at,
  runs,
  events,
}: {
  at: string | undefined;
  runs: readonly Run[];
  events: readonly Event[];
}) {
  const now = useNow();
  const [range, setRange] = useState<Range>(momentRange(at));
  const shown = shownRange(range, now);
  const steps = [
    ['Earlier', () => moved(shown, -0.5)],
    ['Later', () => moved(shown, 0.5)],
    ['Closer', () => zoomed(shown, 0.5)],
    ['Wider', () => zoomed(shown, 2)],
  ] as const;
  const visible = runs.filter(
    (run) =>
      Date.parse(run.startedAt) <= shown.to &&
      (run.finishedAt === null || Date.parse(run.finishedAt) >= shown.from),
  );
  return (
    <>
      <p className="summary">
        {dayOf(shown.from)} {clockTime(shown.from)} to {clockTime(shown.to)}. Drag over a stretch to look
        closer; a run opens at a click.
      </p>
      <fieldset className="choices" aria-label="What part of time is shown">
        {steps.map(([words, next]) => (
          <button key={words} type="button" onClick={() => setRange(next())}>
            {words}
          </button>
        ))}
        <button type="button" aria-pressed={range === null} onClick={() => setRange(null)}>
          Follow now
        </button>
      </fieldset>
      <section className="card" aria-label="Timeline">
        <TimelinePicture
          runs={runs}
          events={events}
          now={now}
          from={shown.from}
          to={shown.to}
          onChoose={setRange}
        />
        <p className="hint">
          Pale: the slot. Solid: the run. Hollow: nothing was due, or all of it is left for the next slot.
          Flags: events that start.
        </p>
        <TableBehind
          caption="The runs in the picture, newest first"
          columns={['Sync of', 'Begun', 'Lasted', 'What it came to']}
          rows={visible.map((run) => ({
            key: run.id,
            cells: [
              kindWords[run.kind],
              clockTime(Date.parse(run.startedAt)),
              lasted(run, now),
              outcome(run),
            ],
          }))}
          none="None in this stretch."
        />
      </section>
    </>
  );
}
