import { digits } from '@paceline/kit/table';
import { monotonic, until } from '@paceline/kit/waiting';
import type { Passage } from '../caller.ts';
import { limiting } from '../contenders/all.ts';
import type { Contender } from '../contenders/contender.ts';
import type { Outcome, Row, Workload } from '../report.ts';
import { assemble } from '../team.ts';
import { sideBySide } from './comparison.ts';

/** An urgent load above what a limit of one call per window can take. */
interface Load {
  readonly name: string;
  readonly windowMs: number;
  /** For how many windows it lasts. */
  readonly windows: number;
  /** Windows after which nobody waits any more, on top of the load's. */
  readonly patience: number;
  readonly whom: (contender: Contender) => boolean;
}

const overload = 1.1;
const far = 3;
/** Neither looks, or counts, more often than every half or whole second. */
const slow: readonly string[] = ['pg-boss', 'rate-limiter-flexible'];
/** The head start of the most urgent lane before the least, in windows of a minute: docs/decisions/0007. */
const bound = 60;

const loads: readonly Load[] = [
  { name: '16 W', windowMs: 1_000, windows: 16, patience: 8, whom: () => true },
  { name: '75 W', windowMs: 200, windows: 75, patience: 25, whom: ({ name }) => !slow.includes(name) },
];

/** Waits in windows; Infinity for those who were not served. */
interface Waits {
  readonly far: readonly number[];
  readonly urgent: readonly number[];
  /** How many windows after a far one an urgent one came that was served before it; the most. */
  readonly overtaken: number;
}

async function waitsUnder({ windowMs, windows, patience }: Load, contender: Contender): Promise<Waits> {
  await using team = await assemble(contender, { processes: 2, windowMs });
  const key = 'w4';
  for (const caller of team.callers) await caller.do('limit', [{ key, windowMs, calls: 1, concurrency: 1 }]);
  const [background, urgent = background] = team.callers;
  const start = monotonic() + 100;
  const urgentAt = Array.from(
    { length: Math.floor(windows * overload) },
    (_, index) => start + (index * windowMs) / overload,
  );
  await Promise.all([
    background.do('ask', { key, urgency: 'far', count: far, at: start + 0.5 * windowMs }),
    ...urgentAt.map((at) => urgent.do('ask', { key, urgency: 'urgent', count: 1, at })),
  ]);
  await until(start + (windows + patience) * windowMs);
  const passages = (await Promise.all(team.callers.map((caller) => caller.do('collect')))).flat();
  const waits = (urgency: string, count: number) => {
    const served = passages.filter(({ job }) => job.urgency === urgency);
    const unserved = Array.from({ length: Math.max(0, count - served.length) }, () => Infinity);
    return [...served.map(({ job, arrivedAt }) => (arrivedAt - job.askedAt) / windowMs), ...unserved];
  };
  return {
    far: waits('far', far),
    urgent: waits('urgent', urgentAt.length),
    overtaken: overtakenBy(passages) / windowMs,
  };
}

/** By how many ms the latest-come urgent one that was served before a far one came after it; 0 when none did. */
function overtakenBy(passages: readonly Passage[]): number {
  const [urgent, others] = ['urgent', 'far'].map((each) =>
    passages.filter(({ job }) => job.urgency === each),
  );
  const overtakers = (others ?? []).flatMap((late) =>
    (urgent ?? [])
      .filter(({ arrivedAt }) => arrivedAt < late.arrivedAt)
      .map(({ job }) => job.askedAt - late.job.askedAt),
  );
  return Math.max(0, ...overtakers);
}

const orNever = (windows: number): string => (windows === Infinity ? 'never' : digits(windows));

const inWindows = (row: Row = {}): string =>
  `${digits(Number(row.overtaken))} W; urgent wait ${orNever(Number(row.urgent))} W`;

async function run(say: (line: string) => void): Promise<Outcome> {
  const rows: Row[] = [];
  const ours: Waits[] = [];
  for (const load of loads) {
    const results = await sideBySide(limiting.filter(load.whom), (each) => waitsUnder(load, each), say);
    for (const { contender, result } of results) {
      if (contender === limiting[0]) ours.push(result);
      rows.push({
        contender: contender.name,
        as: contender.as,
        load: load.name,
        served: `${result.far.filter(Number.isFinite).length} of ${far}`,
        far: Math.max(...result.far),
        overtaken: result.overtaken,
        urgent: Math.max(...result.urgent),
      });
    }
  }
  const most = Math.max(...ours.map(({ overtaken }) => overtaken));
  const served = ours.every((waits) => waits.far.every(Number.isFinite));
  return {
    columns: {
      contender: { title: 'contender' },
      as: { title: 'as' },
      load: { title: 'load for' },
      served: { title: 'far served' },
      far: { title: 'far waits at most (windows)', show: orNever },
      overtaken: { title: 'overtaken by who came … windows later', show: digits },
      urgent: { title: 'urgent waits at most (windows)', show: orNever },
    },
    rows,
    notes: [
      `One call per window (${loads.map(({ name, windowMs }) => `${windowMs} ms under a load of ${name}`).join(', ')}), urgent asks at ${overload} times that, and ${far} far ones half a window after the first. One run each, all contenders side by side; ${slow.join(' and ')} have no windows that short.`,
      `The bound, written down in decisions/0007: nobody is overtaken by who comes more than ${bound} windows (an hour) later. A load of 16 windows is shorter than that, so there the urgent go first; one of 75 is longer. Strict priorities have no such bound; without priorities the far ones are served early, and the urgent wait.`,
    ],
    summary: {
      measure: 'overtaken by who came … later',
      ours: inWindows(rows.findLast(({ contender }) => contender === limiting[0]?.name)),
      against: Object.fromEntries(
        rows.flatMap((row) =>
          row.load === loads.at(-1)?.name && row.contender !== limiting[0]?.name
            ? [[row.contender, inWindows(row)]]
            : [],
        ),
      ),
      met: served && most <= bound,
      because: `under a load of ${loads.at(-1)?.name}; the bound is ${bound} W, and all far ones were ${served ? '' : 'not '}served`,
    },
  };
}

export const starvation: Workload = {
  id: 'W4',
  title: 'Urgent load above capacity, 3 far asks',
  goal: 'all served, within the written bound',
  run,
};
