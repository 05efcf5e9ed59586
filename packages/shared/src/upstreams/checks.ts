import type { Readable } from './readable.ts';

/** What is wrong, and where in the file. */
export interface Problem {
  readonly path: ReadonlyArray<string | number>;
  readonly message: string;
}

/** What fields of a file say together that cannot work. A field that could not be read contradicts nothing. */
export const contradictions = (file: Readable): Problem[] => [
  ...Object.keys(file.budgets).flatMap((name) => budgetProblems(file, name)),
  ...Object.keys(file.endpoints).flatMap((name) => endpointProblems(file, name)),
  ...sharedCalls(file),
  ...file.counters.flatMap(({ budgets }, index) =>
    unknownBudgets(file, ['answers', 'counters', index, 'budgets'], budgets),
  ),
];

function budgetProblems({ budgets, budgetNames, endpoints }: Readable, name: string): Problem[] {
  const { paced, resets, reserve = 0, limit } = budgets[name]!;
  const path = ['budgets', name];
  const problems: Problem[] = [];
  if (paced && resets === 'sliding')
    problems.push({ path: [...path, 'paced'], message: 'needs resets: aligned' });
  const smallest = Math.min(...Object.values(limit ?? {}).map((each) => each.limit));
  // A window of one call has no reserve.
  if (reserve >= smallest && !(smallest === 1 && reserve === 1))
    problems.push({ path: [...path, 'reserve'], message: `must be less than the limit of ${smallest}` });
  const used = Object.values(endpoints).map((endpoint) => endpoint.budgets);
  if (budgetNames && used.length > 0 && used.every((names) => names && !names.includes(name)))
    problems.push({ path, message: 'is in the budgets of no endpoint' });
  return problems;
}

function endpointProblems(file: Readable, name: string): Problem[] {
  const { budgets = [], timeout, typical } = file.endpoints[name]!;
  const path = ['endpoints', name];
  const problems = unknownBudgets(file, [...path, 'budgets'], budgets);
  if (new Set(budgets).size < budgets.length)
    problems.push({ path: [...path, 'budgets'], message: 'names a budget twice' });
  if (timeout !== undefined && typical !== undefined && timeout <= typical)
    problems.push({ path: [...path, 'timeout'], message: 'must be longer than the typical duration' });
  return problems;
}

const unknownBudgets = (
  { budgetNames: known }: Readable,
  path: Problem['path'],
  names: readonly string[],
): Problem[] =>
  names
    .filter((name) => known && !known.includes(name))
    .map((name) => ({
      path,
      message: `names "${name}", which is not under budgets: ${known?.join(', ')}`,
    }));

/** Calls that two endpoints have: a path identifies its endpoint. */
function sharedCalls({ endpoints }: Readable): Problem[] {
  const owners = new Map<string, string>();
  return Object.entries(endpoints).flatMap(([name, { calls = [] }]) =>
    calls.flatMap((call, index) => {
      const pattern = call.replaceAll(/:\w+/g, ':');
      const owner = owners.get(pattern);
      owners.set(pattern, name);
      if (owner === undefined) return [];
      return [{ path: ['endpoints', name, 'calls', index], message: `is a call of ${owner} already` }];
    }),
  );
}
