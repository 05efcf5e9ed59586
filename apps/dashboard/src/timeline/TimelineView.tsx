import { useState } from 'react';
import { reads, useRead } from '../api/reads.ts';
import { budgetWords, laneWords } from '../palette.ts';
import { Loaded } from '../parts/Loading.tsx';
import { TableBehind } from '../parts/TableBehind.tsx';
import { kindWords, lasted, outcome } from '../runs/words.ts';
import { useNow } from '../time/clock.ts';
import { clockTime, dayOf, length } from '../time/words.ts';
import { momentRange, moved, type Range, shownRange, zoomed } from './range.ts';
import type { Told } from './layout.ts';
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
          told={{
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

function Timeline({ at, told }: { at: string | undefined; told: Told }) {
  const now = useNow();
  const [range, setRange] = useState<Range>(momentRange(at));
  const shown = shownRange(range, now);
  const steps = [
    ['Earlier', () => moved(shown, -0.5)],
    ['Later', () => moved(shown, 0.5)],
    ['Closer', () => zoomed(shown, 0.5)],
    ['Wider', () => zoomed(shown, 2)],
  ] as const;
  const visible = told.runs.filter(
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
        <TimelinePicture told={told} now={now} from={shown.from} to={shown.to} onChoose={setRange} />
        <p className="hint">
          Pale: the slot. Solid: the run. Hollow: nothing was due, or all of it is left for the next slot.
          Flags: events that start. Lines: who waits, tied to who goes first.
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
        <TableBehind
          button="Who waited, as a table"
          caption="Who waited for whom, newest first"
          columns={['At', 'Who waits', 'For', 'Window', 'For how long']}
          rows={told.conflicts
            .filter(({ at: when }) => Date.parse(when) >= shown.from && Date.parse(when) <= shown.to)
            .map(({ at: when, budget, blocked, blockedBy, expectedWaitSeconds }, index) => ({
              key: `${when} ${index}`,
              cells: [
                clockTime(Date.parse(when)),
                laneWords[blocked],
                laneWords[blockedBy],
                budgetWords[budget],
                length(expectedWaitSeconds * 1_000),
              ],
            }))}
          none="Nobody in this stretch."
        />
      </section>
    </>
  );
}
