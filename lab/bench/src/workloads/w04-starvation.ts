import { digits } from '@paceline/kit/table';
import { monotonic, until } from '@paceline/kit/waiting';
import type { CallRecord } from '../caller.ts';
import { limiting } from '../contenders/all.ts';
import type { Contender } from '../contenders/contender.ts';
import { type WorkloadOutcome, tableOf, type Workload } from '../report.ts';
import { assemble } from '../team.ts';
import { against, type ContenderResult, sideBySide, contenderColumns } from './comparison.ts';

/** An urgent load above what a limit of one call per window can take. */
interface UrgentLoad {
  readonly name: string;
  readonly windowMs: number;
  /** Duration. */
  readonly windows: number;
  /** Windows after the load until the run ends. */
  readonly grace: number;
  readonly applies: (contender: Contender) => boolean;
}

const overload = 1.1;
const far = 3;
/** They poll or count at most every half or whole second. */
const slow: readonly string[] = ['pg-boss', 'rate-limiter-flexible'];
/** Head start of the most urgent lane over the least, in one-minute windows: docs/decisions/0007-head-starts.md. */
const bound = 60;

const loads: readonly UrgentLoad[] = [
  { name: '16 W', windowMs: 1_000, windows: 16, grace: 8, applies: () => true },
  { name: '75 W', windowMs: 200, windows: 75, grace: 25, applies: ({ name }) => !slow.includes(name) },
];

/** Waits in windows; Infinity for requests that were not granted. */
type Waits = Awaited<ReturnType<typeof waitsUnder>>;

async function waitsUnder({ windowMs, windows, grace }: UrgentLoad, contender: Contender) {
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
    background.do('request', { key, urgency: 'far', count: far, at: start + 0.5 * windowMs }),
    ...urgentAt.map((at) => urgent.do('request', { key, at })),
  ]);
  await until(start + (windows + grace) * windowMs);
  const calls = await team.collect();
  const waits = (urgency: string, count: number) => {
    const served = calls.filter(({ job }) => job.urgency === urgency);
    const unserved = Array.from({ length: Math.max(0, count - served.length) }, () => Infinity);
    return [...served.map(({ job, arrivedAt }) => (arrivedAt - job.submittedAt) / windowMs), ...unserved];
  };
  return {
    far: waits('far', far),
    urgent: waits('urgent', urgentAt.length),
    /** Most windows by which an urgent request arrived after a far one that it overtook. */
    overtaken: overtakenBy(calls) / windowMs,
  };
}

/** Most ms by which an urgent request arrived after a far one that it overtook; 0 if none did. */
function overtakenBy(calls: readonly CallRecord[]): number {
  const [urgent, others] = ['urgent', 'far'].map((each) => calls.filter(({ job }) => job.urgency === each));
  const overtakers = (others ?? []).flatMap((late) =>
    (urgent ?? [])
      .filter(({ arrivedAt }) => arrivedAt < late.arrivedAt)
      .map(({ job }) => job.submittedAt - late.job.submittedAt),
  );
  return Math.max(0, ...overtakers);
}

const orNever = (windows: number): string => (windows === Infinity ? 'never' : digits(windows));

const inWindows = ({ overtaken, urgent }: Waits): string =>
  `${digits(overtaken)} W; urgent wait ${orNever(Math.max(...urgent))} W`;

async function run(report: (line: string) => void): Promise<WorkloadOutcome> {
  const results: Array<ContenderResult<Waits> & { load: string }> = [];
  for (const load of loads) {
    const measured = await sideBySide(
      limiting.filter(load.applies),
      (each) => waitsUnder(load, each),
      report,
    );
    results.push(...measured.map((each) => ({ ...each, load: load.name })));
  }
  const [us] = limiting;
  const ours = results.filter(({ contender }) => contender === us);
  const longest = results.filter(({ load }) => load === loads.at(-1)?.name);
  const most = Math.max(...ours.map(({ result }) => result.overtaken));
  const served = ours.every(({ result }) => result.far.every(Number.isFinite));
  return {
    ...tableOf(results, {
      ...contenderColumns,
      'load for': [({ load }) => load],
      'far served': [({ result }) => `${result.far.filter(Number.isFinite).length} of ${far}`],
      'far waits at most (windows)': [({ result }) => Math.max(...result.far), orNever],
      'overtaken by one … windows later': [({ result }) => result.overtaken, digits],
      'urgent waits at most (windows)': [({ result }) => Math.max(...result.urgent), orNever],
    }),
    notes: [
      `One call per window (${loads.map(({ name, windowMs }) => `${windowMs} ms under a load of ${name}`).join(', ')}), urgent requests at ${overload} times that rate, and ${far} far ones half a window after the first. One run each, all contenders side by side; ${slow.join(' and ')} have no windows that short.`,
      `The bound, from [0007](decisions/0007-head-starts.md): no request is overtaken by one that arrives more than ${bound} windows (an hour) later. A load of 16 windows is shorter than that, so there the urgent ones go first; one of 75 is longer. Strict priorities have no such bound; without priorities the far ones are served early, and the urgent ones wait.`,
    ],
    summary: {
      measure: 'overtaken by one that came … later',
      ours: longest[0] ? inWindows(longest[0].result) : '',
      against: against(longest.slice(1), ({ result }) => inWindows(result)),
      met: served && most <= bound,
      remark: `under a load of ${loads.at(-1)?.name}; the bound is ${bound} W, and all far requests were ${served ? '' : 'not '}served`,
    },
  };
}

export const starvation: Workload = {
  id: 'W4',
  title: 'Urgent load above capacity, 3 far requests',
  goal: 'all served, within the written bound',
  run,
};
