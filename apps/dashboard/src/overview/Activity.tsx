import {
  type Command,
  kindColor,
  laneColor,
  laneOf,
  type Queue,
  type Run,
  type Schedule,
} from '@paceline/client';
import { commandLane, isFinished, progress, sentenceCase, titleOf } from '@paceline/client/text';
import { kinds } from '@paceline/shared/definition';
import { reads, useRead } from '../api/reads.ts';
import { second, useNow } from '../app/clock.tsx';
import { Swatch } from '../parts/Chart.tsx';
import { Read } from '../parts/elements.tsx';
import { Countdown, Time } from '../parts/time.tsx';
import { wholeDuration } from '../parts/zone.ts';
import { ImportBar } from '../requests/ImportBar.tsx';
import { RunProgress } from '../runs/RunProgress.tsx';
import { nextSlots, waitingByLane } from './activity.ts';

/** What runs now, and how far it is. */
export const Running = () => (
  <section className="card running" aria-labelledby="running-title">
    <h2 id="running-title">Running</h2>
    <Read from={reads.runningRuns} live>
      {({ items }) => <RunningList runs={items} />}
    </Read>
    <a href="#/runs">All runs</a>
  </section>
);

function RunningList({ runs }: { runs: readonly Run[] }) {
  const commands = useRead(reads.commands).data?.items ?? [];
  const imports = commands.filter((command) => command.riders !== null && !isFinished(command));
  if (runs.length + imports.length === 0) return <p>No sync is running.</p>;
  return (
    <ul className="rows">
      {runs.map((run) => (
        <RunRow key={run.runId} run={run} />
      ))}
      {imports.map((command) => (
        <ImportRow key={command.commandId} command={command} />
      ))}
    </ul>
  );
}

/** The next slot of each sync. */
export const Next = () => (
  <section className="card next" aria-labelledby="next-title">
    <h2 id="next-title">Next</h2>
    <Read from={reads.schedule}>{(schedule) => <NextSlots schedule={schedule} />}</Read>
    <a href="#/schedule">Schedule</a>
  </section>
);

function NextSlots({ schedule }: { schedule: Schedule }) {
  const now = useNow(second);
  return (
    <ul className="rows">
      {nextSlots(schedule, now).map(({ kind, opensAt, isPaused }) => (
        <li key={kind} className="pair">
          <span>
            <Swatch color={kindColor(kind)} />
            {sentenceCase(kinds[kind].label)}
          </span>
          {opensAt === undefined ? (
            <span className="hint">off</span>
          ) : (
            <span>
              {isPaused && <strong>Paused, </strong>}
              <Time at={opensAt} />{' '}
              <span className="hint">
                <Countdown at={opensAt} />
              </span>
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

const RunRow = ({ run }: { run: Run }) => (
  <li>
    <a href={`#/runs/${run.runId}`}>
      <Swatch color={kindColor(run.kind)} />
      {sentenceCase(kinds[run.kind].label)}
    </a>
    <RunProgress run={run} />
  </li>
);

function ImportRow({ command }: { command: Command }) {
  const now = useNow(second);
  const { riders } = command;
  return (
    <li>
      <a href="#/requests">
        <Swatch color={laneColor(commandLane)} />
        Import of {titleOf(command)}
      </a>
      {riders && <ImportBar riders={riders} />}
      <span className="hint">
        {riders && `${riders.waiting} remaining, `}
        {progress(command, now)}
      </span>
    </li>
  );
}

/** Who waits for a permit, and how long. */
export const Waiting = () => (
  <section className="card waiting" aria-labelledby="waiting-title">
    <h2 id="waiting-title">Waiting</h2>
    <Read from={reads.queue} live>
      {(queue) => <WaitingLanes queue={queue} />}
    </Read>
    <a href="#/lanes">Queue</a>
  </section>
);

function WaitingLanes({ queue }: { queue: Queue }) {
  const waiting = waitingByLane(queue, useNow(second));
  if (waiting.length === 0) return <p>No requests wait.</p>;
  return (
    <ul className="rows">
      {waiting.map(({ lane, count: requests, longestMs, firstAt }) => (
        <li key={lane}>
          <span className="pair">
            <span>
              <Swatch color={laneColor(lane)} />
              {sentenceCase(laneOf(lane).label)}: {requests}
            </span>
            <Countdown at={firstAt} />
          </span>
          <span className="hint">Longest wait {wholeDuration(longestMs)}</span>
        </li>
      ))}
    </ul>
  );
}
