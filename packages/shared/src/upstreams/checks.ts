import type { Upstream } from './upstream.ts';

/** What is wrong, and where in the file. */
export interface Problem {
  readonly path: ReadonlyArray<string | number>;
  readonly message: string;
}

/** What fields of a file say together that cannot work. */
export const contradictions = (upstream: Upstream): Problem[] => [
  ...Object.keys(upstream.budgets).flatMap((name) => budgetProblems(upstream, name)),
  ...Object.keys(upstream.endpoints).flatMap((name) => endpointProblems(upstream, name)),
  ...sharedCalls(upstream),
  ...counterProblems(upstream),
];

function budgetProblems({ budgets, endpoints }: Upstream, name: string): Problem[] {
  const { paced, resets, reserve, limits } = budgets[name]!;
  const path = ['budgets', name];
  const problems: Problem[] = [];
  if (paced && resets === 'sliding')
    problems.push({ path: [...path, 'paced'], message: 'needs resets: aligned' });
  const smallest = Math.min(...Object.values(limits).map(({ limit }) => limit));
  // A window of one call has no reserve.
  if (reserve >= smallest && !(smallest === 1 && reserve === 1))
    problems.push({ path: [...path, 'reserve'], message: `must be less than the limit of ${smallest}` });
  if (!Object.values(endpoints).some((endpoint) => endpoint.budgets.includes(name)))
    problems.push({ path, message: 'is in the budgets of no endpoint' });
  return problems;
}

function endpointProblems({ budgets, endpoints }: Upstream, name: string): Problem[] {
  const { budgets: used, timeoutMs, typicalMs } = endpoints[name]!;
  const path = ['endpoints', name];
  const problems: Problem[] = used
    .filter((budget) => !Object.hasOwn(budgets, budget))
    .map((budget) => ({
      path: [...path, 'budgets'],
      message: `names "${budget}", which is not under budgets: ${Object.keys(budgets).join(', ')}`,
    }));
  if (new Set(used).size < used.length)
    problems.push({ path: [...path, 'budgets'], message: 'names a budget twice' });
  if (timeoutMs <= typicalMs)
    problems.push({ path: [...path, 'timeout'], message: 'must be longer than the typical duration' });
  return problems;
}

/** Calls that two endpoints have: a path identifies its endpoint. */
function sharedCalls({ endpoints }: Upstream): Problem[] {
  const owners = new Map<string, string>();
  return Object.entries(endpoints).flatMap(([name, { calls }]) =>
    calls.flatMap((call, index) => {
      const pattern = call.replaceAll(/:\w+/g, ':');
      const owner = owners.get(pattern);
      owners.set(pattern, name);
      if (owner === undefined) return [];
      return [{ path: ['endpoints', name, 'calls', index], message: `is a call of ${owner} already` }];
    }),
  );
}

const counterProblems = ({ budgets, dialect }: Upstream): Problem[] =>
  (dialect.counters ?? []).flatMap((counter, index) =>
    counter.budgets.flatMap((budget) =>
      Object.hasOwn(budgets, budget)
        ? []
        : [
            {
              path: ['answers', 'counters', index, 'budgets'],
              message: `names "${budget}", which is not under budgets`,
            },
          ],
    ),
  );
