import { sum } from '@paceline/kit/statistics';
import { table } from '@paceline/kit/table';
import { budgetNames, laneNames } from '@paceline/shared/definition';
import type { FreshnessResult } from './freshness.ts';
import type { Result } from './result.ts';

type Named = readonly [name: string, result: Result];
type Row = readonly [what: string, of: (result: Result) => string];

/** The results side by side, as a table in Markdown that can be read as it is. */
export const comparison = (results: readonly Named[]): string =>
  table(
    ['', ...results.map(([name]) => name)],
    rowsFor(results).map(([what, of]) => [what, ...results.map(([, result]) => of(result))]),
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
      `${budget}: calls, 429s, use`,
      ({ budgets: { [budget]: use } }) =>
        use ? `${use.calls}, ${use.rejected}, ${percent(use.utilisation)}` : '–',
    ]),
    ['manual add, half within', ({ manual }) => span(manual.p50)],
    ['manual add, 99 % within', ({ manual }) => span(manual.p99)],
    ['manual add, longest', ({ manual }) => span(manual.max)],
    ['manual adds stored, refused', ({ manual }) => `${manual.stored}, ${manual.refused}`],
    ...freshRows('all events', ({ freshness }) => freshness.all),
    ...freshRows('ours', ({ freshness }) => freshness.ours),
    ...used.map((lane): Row => [
      `longest wait, ${lane}`,
      ({ longestWait: { [lane]: wait } }) => (wait === undefined ? '–' : span(wait)),
    ]),
    ['longest without a far call', ({ longestWithoutFar }) => span(longestWithoutFar)],
    ['conflicts', ({ conflicts }) => String(conflicts)],
  ];
}

const freshRows = (whose: string, of: (result: Result) => FreshnessResult): Row[] => [
  [`${whose}: fresh, last hour`, (result) => fresh(of(result).lastHour)],
  [`${whose}: fresh, urgent`, (result) => fresh(of(result).urgent)],
  [`${whose}: fresh, near`, (result) => fresh(of(result).near)],
  [`${whose}: fresh, far`, (result) => fresh(of(result).far)],
  [`${whose}: fresh at the start`, (result) => percent(of(result).atStart)],
];

/** The share, and in brackets that of the best that any schedule could reach, where that is not all. */
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
