import { count } from '@paceline/shared/words';
import { type Arrival, isOf, type SandboxLog, watchedBy } from './arrivals.ts';
import { type Certificate, certify } from './certify.ts';
import { type Finding, remark } from './finding.ts';
import type { Rules } from './rules.ts';
import type { StoredEntry } from './stored-entry.ts';
import { listed } from './words.ts';

/** Every partition that was looked at. */
export interface Audit {
  readonly certified: boolean;
  readonly partitions: readonly Certificate[];
  /** What is about no partition. */
  readonly findings: readonly Finding[];
}

export interface Evidence {
  /** Of any partitions; those of one are in their order. */
  readonly entries: readonly StoredEntry[];
  readonly log?: SandboxLog;
  /** Whether all partitions are there: only then is a key that none of them knows a stranger's. */
  readonly complete: boolean;
}

export function audit({ entries, log, complete }: Evidence, rules: Rules): Audit {
  const upstream = log && { ...log, watched: watchedBy(log.arrivals) };
  const partitions = [...Map.groupBy(entries, ({ partition }) => partition)]
    .toSorted(([a], [b]) => a - b)
    .map(([partition, its]) => certify(partition, its, rules, upstream));
  return {
    certified: partitions.every(({ certified }) => certified),
    partitions,
    findings: complete ? strangers(partitions, log?.arrivals ?? []) : [],
  };
}

function strangers(partitions: readonly Certificate[], arrivals: readonly Arrival[]): Finding[] {
  const accounts = partitions.flatMap((each) => each.accounts.map(({ account }) => account));
  const unknown = arrivals.filter(
    (each) => each.budget !== null && !accounts.some((account) => isOf(each, account)),
  );
  if (unknown.length === 0) return [];
  const keys = new Set(unknown.map(({ key }) => key));
  const says = `${count(unknown.length, 'call')} came with keys that no journal knows: ${listed([...keys])}.`;
  return [remark('unknown_keys', says)];
}
