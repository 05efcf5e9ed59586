import { sum } from '@paceline/kit/statistics';
import { table } from '@paceline/kit/table';
import { budgetNames, laneNames } from '@paceline/shared/definition';
import type { FreshnessResult } from './freshness.ts';
import type { SimulationResult } from './result.ts';

/** The results of a strategy by seed. */
export type SeedResults = ReadonlyMap<number, SimulationResult>;
type Named = readonly [name: string, results: SeedResults];

interface Row {
  readonly label: string;
  textOf(result: SimulationResult): string;
  /** The higher, the worse; decides which seed is shown. */
  badnessOf(result: SimulationResult): number;
}

/** The results side by side as a padded Markdown table; of several seeds the worst per row. */
export const comparison = (results: readonly Named[]): string =>
  table(
    ['', ...results.map(([name]) => name)],
    rowsFor(results.flatMap(([, bySeed]) => [...bySeed.values()])).map((row) => [
      row.label,
      ...results.map(([, bySeed]) => cellOf(row, bySeed)),
    ]),
    (column) => column > 0,
  );

/** The text of the worst seed, the first of them if there are several; with its number unless all seeds read the same. */
function cellOf({ textOf, badnessOf }: Row, results: SeedResults): string {
  const cells = [...results].map(([seed, result]) => ({
    seed,
    text: textOf(result),
    badness: badnessOf(result),
  }));
  const worst = cells.reduce((before, each) => (each.badness > before.badness ? each : before));
  return cells.every(({ text }) => text === worst.text) ? worst.text : `${worst.text} #${worst.seed}`;
}

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
    ...freshRows('all events', ({ freshness }) => freshness.all),
    ...freshRows('our events', ({ freshness }) => freshness.ours),
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

const freshRows = (events: string, freshnessOf: (result: SimulationResult) => FreshnessResult): Row[] => [
  freshRow(`${events}: fresh in last hour`, (result) => freshnessOf(result).lastHour),
  freshRow(`${events}: fresh, urgent`, (result) => freshnessOf(result).urgent),
  freshRow(`${events}: fresh, near`, (result) => freshnessOf(result).near),
  freshRow(`${events}: fresh, far`, (result) => freshnessOf(result).far),
  shareRow(`${events}: fresh at start`, (result) => freshnessOf(result).atStart),
];

/** The share; in brackets relative to the best possible schedule, unless that is 100 %. */
function freshRow(label: string, freshOf: (result: SimulationResult) => FreshnessResult['lastHour']): Row {
  return {
    label,
    textOf(result) {
      const { share, best } = freshOf(result);
      return best === 1 ? percent(share) : `${percent(share)} (${percent(share / best)})`;
    },
    badnessOf: (result) => -freshOf(result).share,
  };
}

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
