import type { RiderChange } from '@paceline/client';
import { projectTime } from '@paceline/client';
import { useMemo, useState } from 'react';
import { reads, useRead } from '../api/reads.ts';
import { useClock } from '../app/clock.tsx';
import { Button, ButtonGroup, Loaded } from '../parts/elements.tsx';
import { Plot } from '../parts/Plot.tsx';
import type { PlotPoint } from '../parts/plot-layout.ts';

const ranges = [30, 90, 365] as const;
const dayMs = 86_400_000;

const lines = [
  { label: 'Rating', unit: undefined, valueOf: ({ rating }: RiderChange) => rating, digits: 0 },
  { label: 'Weight', unit: 'kg', valueOf: ({ weightKg }: RiderChange) => weightKg, digits: 1 },
  { label: 'FTP', unit: 'W', valueOf: ({ zpFtp }: RiderChange) => zpFtp, digits: 0 },
];

/** How rating, weight and FTP have changed. */
export function RiderPlots({ riderId }: { riderId: number }) {
  const clock = useClock();
  const [openedAt] = useState(() => projectTime(clock));
  const [days, setDays] = useState<(typeof ranges)[number]>(90);
  const longest = ranges.at(-1) ?? 0;
  const history = useRead(reads.riderHistory(riderId, startOfDay(openedAt - longest * dayMs)));
  return (
    <section aria-labelledby="history">
      <div className="toolbar">
        <h2 id="history">History</h2>
        <ButtonGroup label="Time shown">
          {ranges.map((each) => (
            <Button key={each} aria-pressed={each === days} onClick={() => setDays(each)}>
              {each} days
            </Button>
          ))}
        </ButtonGroup>
      </div>
      <Loaded query={history}>
        {(changes) => <Plots changes={changes} from={openedAt - days * dayMs} openedAt={openedAt} />}
      </Loaded>
    </section>
  );
}

interface PlotsProps {
  /** Newest first. */
  readonly changes: readonly RiderChange[];
  readonly from: number;
  readonly openedAt: number;
}

function Plots({ changes, from, openedAt }: PlotsProps) {
  const all = useMemo(
    () => lines.map(({ valueOf, digits }) => pointsOf(changes, valueOf, digits)),
    [changes],
  );
  const to = Math.max(openedAt, ...changes.slice(0, 1).map(({ recordedAt }) => Date.parse(recordedAt)));
  return (
    <div className="plots card">
      {lines.map(({ label, unit }, index) => (
        <Plot key={label} label={label} unit={unit} points={all[index] ?? []} from={from} to={to} />
      ))}
    </div>
  );
}

/** One point per change of the value, oldest first. */
function pointsOf(
  changes: readonly RiderChange[],
  valueOf: (change: RiderChange) => number | null,
  digits: number,
): PlotPoint[] {
  const points: PlotPoint[] = [];
  for (const change of changes.toReversed()) {
    const value = valueOf(change);
    if (value === null) continue;
    const rounded = Number(value.toFixed(digits));
    if (points.at(-1)?.value !== rounded) points.push({ at: Date.parse(change.recordedAt), value: rounded });
  }
  return points;
}

/** The same address for all pages of a day. */
const startOfDay = (time: number): string => new Date(time - (time % dayMs)).toISOString();
