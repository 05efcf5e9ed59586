import { digits } from '@paceline/kit/table';
import { monotonic, until } from '@paceline/kit/waiting';
import type { Passage } from '../caller.ts';
import { limiting } from '../contenders/all.ts';
import type { Contender } from '../contenders/contender.ts';
import { type Outcome, tableOf, type Workload } from '../report.ts';
import { assemble } from '../team.ts';
import { against, type ContenderResult, sideBySide, who } from './comparison.ts';

/** An urgent load above what a limit of one call per window can take. */
interface UrgentLoad {
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

const loads: readonly UrgentLoad[] = [
  { name: '16 W', windowMs: 1_000, windows: 16, patience: 8, whom: () => true },
  { name: '75 W', windowMs: 200, windows: 75, patience: 25, whom: ({ name }) => !slow.includes(name) },
];

/** Waits in windows; Infinity for those who were not served. */
type Waits = Awaited<ReturnType<typeof waitsUnder>>;

async function waitsUnder({ windowMs, windows, patience }: UrgentLoad, contender: Contender) {
  await using team = await assemble(contender, { processes: 2, windowMs });
  const key = 'w4';
  await team.limit([{ key, windowMs, calls: 1, concurrency: 1 }]);
  const [background, urgent = background] = team.callers;
  const start = monotonic() + 100;
  const urgentAt = Array.from(
    { length: Math.floor(windows * overload) },
    (_, index) => start + (index * windowMs) / overload,
  );
  await Promise.all([
    background.do('ask', { key, urgency: 'far', count: far, at: start + 0.5 * windowMs }),
    ...urgentAt.map((at) => urgent.do('ask', { key, at })),
  ]);
  await until(start + (windows + patience) * windowMs);
  const passages = await team.collect();
  const waits = (urgency: string, count: number) => {
    const served = passages.filter(({ job }) => job.urgency === urgency);
    const unserved = Array.from({ length: Math.max(0, count - served.length) }, () => Infinity);
    return [...served.map(({ job, arrivedAt }) => (arrivedAt - job.askedAt) / windowMs), ...unserved];
  };
  return {
    far: waits('far', far),
    urgent: waits('urgent', urgentAt.length),
    /** How many windows after a far one an urgent one came that was served before it; the most. */
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

const inWindows = ({ overtaken, urgent }: Waits): string =>
  `${digits(overtaken)} W; urgent wait ${orNever(Math.max(...urgent))} W`;

async function run(say: (line: string) => void): Promise<Outcome> {
  const results: Array<ContenderResult<Waits> & { load: string }> = [];
  for (const load of loads) {
    const its = await sideBySide(limiting.filter(load.whom), (each) => waitsUnder(load, each), say);
    results.push(...its.map((each) => ({ ...each, load: load.name })));
  }
  const [us] = limiting;
  const ours = results.filter(({ contender }) => contender === us);
  const longest = results.filter(({ load }) => load === loads.at(-1)?.name);
  const most = Math.max(...ours.map(({ result }) => result.overtaken));
  const served = ours.every(({ result }) => result.far.every(Number.isFinite));
  return {
    ...tableOf(results, {
      ...who,
      'load for': [({ load }) => load],
      'far served': [({ result }) => `${result.far.filter(Number.isFinite).length} of ${far}`],
      'far waits at most (windows)': [({ result }) => Math.max(...result.far), orNever],
      'overtaken by who came … windows later': [({ result }) => result.overtaken, digits],
      'urgent waits at most (windows)': [({ result }) => Math.max(...result.urgent), orNever],
    }),
    notes: [
      `One call per window (${loads.map(({ name, windowMs }) => `${windowMs} ms under a load of ${name}`).join(', ')}), urgent asks at ${overload} times that, and ${far} far ones half a window after the first. One run each, all contenders side by side; ${slow.join(' and ')} have no windows that short.`,
      `The bound, written down in decisions/0007: nobody is overtaken by who comes more than ${bound} windows (an hour) later. A load of 16 windows is shorter than that, so there the urgent go first; one of 75 is longer. Strict priorities have no such bound; without priorities the far ones are served early, and the urgent wait.`,
    ],
    summary: {
      measure: 'overtaken by who came … later',
      ours: longest[0] ? inWindows(longest[0].result) : '',
      against: against(longest.slice(1), ({ result }) => inWindows(result)),
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
