import { sum } from '@paceline/kit/statistics';
import { table } from '@paceline/kit/table';
import { budgetNames, laneNames } from '@paceline/shared/definition';
import type { FreshnessResult } from './freshness.ts';
import type { SimulationResult } from './result.ts';

type Named = readonly [name: string, result: SimulationResult];
type Row = readonly [label: string, valueOf: (result: SimulationResult) => string];

/** The results side by side as a padded Markdown table. */
export const comparison = (results: readonly Named[]): string =>
  table(
    ['', ...results.map(([name]) => name)],
    rowsFor(results).map(([label, valueOf]) => [label, ...results.map(([, result]) => valueOf(result))]),
    (column) => column > 0,
  );

function rowsFor(results: readonly Named[]): Row[] {
  const called = budgetNames.filter((budget) => results.some(([, result]) => result.budgets[budget]));
  const used = laneNames.filter((lane) =>
    results.some(([, result]) => result.longestWait[lane] !== undefined),
  );
  return [
    ['429s', (result) => String(sum(Object.values(result.budgets).map(({ rejected }) => rejected)))],
    ...called.map((budget): Row => [
      `${budget}: calls, 429s, utilisation`,
      ({ budgets: { [budget]: use } }) =>
        use ? `${use.calls}, ${use.rejected}, ${percent(use.utilisation)}` : '–',
    ]),
    ['manual add, median', ({ manual }) => span(manual.p50)],
    ['manual add, p99', ({ manual }) => span(manual.p99)],
    ['manual add, max', ({ manual }) => span(manual.max)],
    ['manual adds stored, refused', ({ manual }) => `${manual.stored}, ${manual.refused}`],
    ...freshRows('all events', ({ freshness }) => freshness.all),
    ...freshRows('our events', ({ freshness }) => freshness.ours),
    ...used.map((lane): Row => [
      `longest wait, ${lane}`,
      ({ longestWait: { [lane]: wait } }) => (wait === undefined ? '–' : span(wait)),
    ]),
    ['longest gap between far calls', ({ longestWithoutFar }) => span(longestWithoutFar)],
    ['conflicts', ({ conflicts }) => String(conflicts)],
  ];
}

const freshRows = (events: string, freshnessOf: (result: SimulationResult) => FreshnessResult): Row[] => [
  [`${events}: fresh in last hour`, (result) => fresh(freshnessOf(result).lastHour)],
  [`${events}: fresh, urgent`, (result) => fresh(freshnessOf(result).urgent)],
  [`${events}: fresh, near`, (result) => fresh(freshnessOf(result).near)],
  [`${events}: fresh, far`, (result) => fresh(freshnessOf(result).far)],
  [`${events}: fresh at start`, (result) => percent(freshnessOf(result).atStart)],
];

/** The share; in brackets relative to the best possible schedule, unless that is 100 %. */
const fresh = ({ share, best }: FreshnessResult['lastHour']): string =>
  best === 1 ? percent(share) : `${percent(share)} (${percent(share / best)})`;

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const units = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

function span(ms: number): string {
  const [name, size] = units.find(([unit, each]) => ms >= (unit === 's' ? each : 2 * each)) ?? units[2];
  return `${(ms / size).toFixed(1)} ${name}`;
}
