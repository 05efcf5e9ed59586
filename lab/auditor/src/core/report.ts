import { columns } from '@paceline/kit/table';
import { count, rate } from '@paceline/shared/words';
import type { AccountCertificate, Audit, BudgetCertificate, Certificate } from './audit.ts';
import { type Finding, howLong, when } from './findings.ts';

/** Text report: a table per account, the findings, the verdict. */
export function report({ certified, partitions, findings }: Audit): string {
  const withoutCalls = partitions.filter(isEmpty).map(({ partition }) => partition);
  const parts = [
    ...partitions.filter((each) => !isEmpty(each)).flatMap(partitionReport),
    ...(withoutCalls.length > 0 ? [`No calls in partition ${withoutCalls.join(', ')}.`] : []),
    ...findingLines(findings),
    verdict(certified, partitions),
  ];
  return parts.join('\n\n');
}

const isEmpty = ({ accounts, findings }: Certificate): boolean =>
  accounts.length === 0 && findings.length === 0;

function partitionReport({ partition, entries, from, to, accounts, findings }: Certificate): string[] {
  const time = from === null || to === null ? 'nothing to audit' : `${when(from)} to ${when(to)}`;
  return [
    `Partition ${partition}: ${entries} entries, ${time}`,
    ...accounts.map(accountReport),
    ...findingLines(findings),
  ];
}

function accountReport({ account, budgets, longestWaits }: AccountCertificate): string {
  const rows = budgets.map(rowOf);
  const waits = Object.entries(longestWaits).map(([lane, ms]) => `${lane} ${howLong(ms)}`);
  return [
    account,
    columns(
      Object.keys(rows[0] ?? {}),
      rows.map((row) => Object.values(row)),
    ),
    ...(waits.length > 0 ? [`longest waits: ${waits.join(', ')}`] : []),
  ].join('\n');
}

/** Cells by column title. */
function rowOf(budget: BudgetCertificate): Record<string, string> {
  const { policy, utilisation, estimates, arrivals } = budget;
  const { made, possible } = utilisation;
  const { kept, missed, worstLatenessMs } = estimates;
  const late = missed > 0 ? ` (worst ${howLong(worstLatenessMs)} late)` : '';
  return {
    budget: budget.endpoint,
    policy: rate(policy),
    calls: String(budget.calls),
    fullest: fullness(budget.fullest),
    used: possible > 0 ? `${((100 * made) / possible).toFixed(1)} %` : '-',
    rejected: String(budget.rejected),
    estimates: kept + missed > 0 ? `${kept} of ${kept + missed} kept${late}` : '-',
    ...(arrivals && {
      arrived: String(arrivals.arrived),
      'fullest arrived': fullness(arrivals.fullest),
      foreign: String(arrivals.foreign),
    }),
    verdict: budget.certified ? 'ok' : 'VIOLATED',
  };
}

const fullness = (fullest: BudgetCertificate['fullest']): string =>
  fullest ? `${fullest.calls} of ${fullest.limit}` : '-';

const maxShown = 50;

/** Violations first. */
function findingLines(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [];
  const inOrder = findings.toSorted((a, b) => Number(b.violation) - Number(a.violation));
  const lines = inOrder.slice(0, maxShown).map(findingLine);
  if (findings.length > maxShown) lines.push(`… and ${findings.length - maxShown} more (--json prints all)`);
  return [lines.join('\n')];
}

function findingLine({ violation, kind, place, message }: Finding): string {
  const where = place ? `${place.endpoint}, ${place.account}: ` : '';
  return `${violation ? 'VIOLATION' : 'note'} [${kind}] ${where}${message}`;
}

function verdict(certified: boolean, partitions: readonly Certificate[]): string {
  const budgets = partitions.flatMap(({ accounts }) => accounts.flatMap((each) => each.budgets));
  const calls = budgets.reduce((sum, each) => sum + each.calls, 0);
  const calledOn = `${count(calls, 'call')} on ${count(budgets.length, 'budget')}`;
  if (certified) {
    if (budgets.length === 0) return 'Certified: no calls.';
    return `Certified: ${calledOn}. No window, wherever it starts, can have contained more calls than its policy allows.`;
  }
  const violations = partitions
    .flatMap(({ findings }) => findings)
    .filter(({ violation }) => violation).length;
  return `NOT certified: ${calledOn}, ${count(violations, 'violation')}.`;
}
