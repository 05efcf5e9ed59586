import { sum } from '@paceline/kit/statistics';
import { table } from '@paceline/kit/table';
import { budgetNames, laneNames } from '@paceline/shared/definition';
import { bestOther, boundColumn, type RowOf } from './beside.ts';
import type { Bound, PerRow } from './bound/bound.ts';
import { type Named, percent, type SeedResults, worstOf } from './cells.ts';
import type { SimulationResult } from './result.ts';

interface Row {
  readonly label: string;
  textOf(result: SimulationResult): string;
  /** The higher, the worse; decides which seed is shown. */
  badnessOf(result: SimulationResult): number;
  /** Of a row of freshness. */
  readonly rowOf?: RowOf;
}

/**
 * The results side by side as a padded Markdown table; of several seeds the worst per row. Beside them, for the rows of
 * freshness, the best of the other strategies and the bound.
 */
export function comparison(results: readonly Named[], bounds?: ReadonlyMap<number, Bound>): string {
  const beside = [...bestOther(results), ...(bounds ? [boundColumn(bounds)] : [])];
  return table(
    ['', ...results.map(([name]) => name), ...beside.map(({ name }) => name)],
    rowsFor(results.flatMap(([, bySeed]) => [...bySeed.values()])).map((row) => [
      row.label,
      ...results.map(([, bySeed]) => cellOf(row, bySeed)),
      ...beside.map(({ cellFor }) => (row.rowOf ? cellFor(row.rowOf) : '')),
    ]),
    (column) => column > 0,
  );
}

const cellOf = ({ textOf, badnessOf }: Row, results: SeedResults): string =>
  worstOf([...results].map(([seed, result]) => ({ seed, text: textOf(result), badness: badnessOf(result) })));

function rowsFor(results: readonly SimulationResult[]): Row[] {
  const called = budgetNames.filter((budget) => results.some(({ budgets }) => budgets[budget]));
  const used = laneNames.filter((lane) => results.some(({ longestWait }) => longestWait[lane] !== undefined));
  const whereAny = (rows: Row[], any: (result: SimulationResult) => boolean) =>
    results.some(any) ? rows : [];
  return [
    countRow('429s', ({ budgets }) => sum(Object.values(budgets).map(({ rejected }) => rejected))),
    ...called.map((budget): Row => ({
      label: `${budget}: calls, 429s, utilisation`,
      textOf: ({ budgets: { [budget]: use } }) =>
        use ? `${use.calls}, ${use.rejected}, ${percent(use.utilisation)}` : '–',
      badnessOf: ({ budgets: { [budget]: use } }) => use?.rejected ?? 0,
    })),
    spanRow('manual add, median', ({ manual }) => manual.p50),
    spanRow('manual add, p99', ({ manual }) => manual.p99),
    spanRow('manual add, max', ({ manual }) => manual.max),
    {
      label: 'manual adds stored, refused',
      textOf: ({ manual }) => `${manual.stored}, ${manual.refused}`,
      badnessOf: ({ manual }) => manual.clicked - manual.stored,
    },
    ...whereAny(importRows, ({ imports }) => imports.riders > 0),
    ...whereAny([outsiderRow], ({ outsiders }) => outsiders !== undefined),
    ...whereAny(resultRows, ({ results: { stored } }) => stored > 0),
    ...freshRows('all events', (rows) => rows.all),
    ...freshRows('our events', (rows) => rows.ours),
    ...used.map((lane) => spanRow(`longest wait, ${lane}`, ({ longestWait: { [lane]: wait } }) => wait)),
    spanRow('longest gap between far calls', ({ longestWithoutFar }) => longestWithoutFar),
    countRow('conflicts', ({ conflicts }) => conflicts),
  ];
}

const importRows: Row[] = [
  {
    label: 'imported riders stored, failed',
    textOf: ({ imports }) => `${imports.stored}, ${imports.refused}`,
    badnessOf: ({ imports }) => imports.riders - imports.stored,
  },
  spanRow('longest import', ({ imports }) => imports.max),
];

const outsiderRow = shareRow('riders outside the clubs, refreshed per cycle', ({ outsiders }) => outsiders);

const resultRows: Row[] = [
  shareRow('events with results stored', ({ results: { events, stored } }) =>
    stored === 0 ? undefined : stored / events,
  ),
  shareRow('races with ratings stored', ({ results: { rated, ratedStored } }) =>
    ratedStored === 0 ? undefined : ratedStored / rated,
  ),
  spanRow('age of results when stored, median', ({ results: { stored, median } }) =>
    stored === 0 ? undefined : median,
  ),
  spanRow('age of results when stored, max', ({ results: { stored, max } }) =>
    stored === 0 ? undefined : max,
  ),
];

const freshRows = (events: string, of: <Value>(rows: PerRow<Value>) => PerRow<Value>['all']): Row[] => [
  freshRow(`${events}: fresh in last hour`, (rows) => of(rows).lastHour),
  freshRow(`${events}: fresh, urgent`, (rows) => of(rows).urgent),
  freshRow(`${events}: fresh, near`, (rows) => of(rows).near),
  freshRow(`${events}: fresh, far`, (rows) => of(rows).far),
  freshRow(`${events}: fresh at start`, (rows) => of(rows).atStart),
];

const freshRow = (label: string, rowOf: RowOf): Row => ({
  ...shareRow(label, ({ freshness }) => rowOf(freshness)),
  rowOf,
});

function shareRow(label: string, shareOf: (result: SimulationResult) => number | undefined): Row {
  return {
    label,
    textOf: (result) => textOr(percent, shareOf(result)),
    badnessOf: (result) => -(shareOf(result) ?? 1),
  };
}

function spanRow(label: string, msOf: (result: SimulationResult) => number | undefined): Row {
  return { label, textOf: (result) => textOr(span, msOf(result)), badnessOf: (result) => msOf(result) ?? 0 };
}

function countRow(label: string, countOf: (result: SimulationResult) => number): Row {
  return { label, textOf: (result) => String(countOf(result)), badnessOf: countOf };
}

const textOr = (textOf: (value: number) => string, value: number | undefined): string =>
  value === undefined ? '–' : textOf(value);

const units = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

function span(ms: number): string {
  const [name, size] = units.find(([unit, each]) => ms >= (unit === 's' ? each : 2 * each)) ?? units[2];
  return `${(ms / size).toFixed(1)} ${name}`;
}
