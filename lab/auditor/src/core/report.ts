import { columns } from '@paceline/kit/table';
import { count, rate } from '@paceline/shared/words';
import type { AccountCertificate, Audit, BudgetCertificate, Certificate } from './audit.ts';
import { type Finding, howLong, when } from './findings.ts';

/** An audit for people: a table for each account, what was found in sentences, and the verdict. */
export function report({ certified, partitions, findings }: Audit): string {
  const silent = partitions.filter(isSilent).map(({ partition }) => partition);
  const parts = [
    ...partitions.filter((each) => !isSilent(each)).flatMap(partitionReport),
    ...(silent.length > 0 ? [`No call was started in partition ${silent.join(', ')}.`] : []),
    ...sentences(findings),
    verdict(certified, partitions),
  ];
  return parts.join('\n\n');
}

const isSilent = ({ accounts, findings }: Certificate): boolean =>
  accounts.length === 0 && findings.length === 0;

function partitionReport({ partition, entries, from, to, accounts, findings }: Certificate): string[] {
  const time = from === null || to === null ? 'nothing to judge' : `${when(from)} to ${when(to)}`;
  return [
    `Partition ${partition}: ${entries} entries, ${time}`,
    ...accounts.map(accountReport),
    ...sentences(findings),
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

/** By the titles of the columns. */
function rowOf(budget: BudgetCertificate): Record<string, string> {
  const { policy, utilisation, promises, arrivals } = budget;
  const { made, possible } = utilisation;
  const { kept, broken, worstLatenessMs } = promises;
  const late = broken > 0 ? ` (worst ${howLong(worstLatenessMs)} late)` : '';
  return {
    budget: budget.endpoint,
    policy: rate(policy),
    calls: String(budget.calls),
    fullest: fullness(budget.fullest),
    used: possible > 0 ? `${((100 * made) / possible).toFixed(1)} %` : '-',
    rejected: String(budget.rejected),
    promises: kept + broken > 0 ? `${kept} of ${kept + broken} kept${late}` : '-',
    ...(arrivals && {
      arrived: String(arrivals.arrived),
      'fullest then': fullness(arrivals.fullest),
      foreign: String(arrivals.foreign),
    }),
    verdict: budget.certified ? 'holds' : 'BROKEN',
  };
}

const fullness = (fullest: BudgetCertificate['fullest']): string =>
  fullest ? `${fullest.calls} of ${fullest.limit}` : '-';

/** More than these are only counted. */
const mostTold = 50;

/** What breaks a law comes first. */
function sentences(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [];
  const inOrder = findings.toSorted((a, b) => Number(b.breach) - Number(a.breach));
  const lines = inOrder.slice(0, mostTold).map(sentence);
  if (findings.length > mostTold) lines.push(`… and ${findings.length - mostTold} more: --json has all.`);
  return [lines.join('\n')];
}

function sentence({ breach, kind, place, says }: Finding): string {
  const where = place ? `${place.endpoint} of ${place.account}: ` : '';
  return `${breach ? 'BROKEN' : 'note'} [${kind}] ${where}${says}`;
}

function verdict(certified: boolean, partitions: readonly Certificate[]): string {
  const budgets = partitions.flatMap(({ accounts }) => accounts.flatMap((each) => each.budgets));
  const calls = budgets.reduce((sum, each) => sum + each.calls, 0);
  const looked = `${count(calls, 'call')} on ${count(budgets.length, 'budget')}`;
  if (certified) {
    if (budgets.length === 0) return 'Certified: no call was started.';
    return `Certified: ${looked}, and no window, wherever it begins, can have held more of them than its policy allows.`;
  }
  const broken = partitions.flatMap(({ findings }) => findings).filter(({ breach }) => breach).length;
  return `NOT certified: ${looked}, and laws are broken: ${count(broken, 'finding')}.`;
}
