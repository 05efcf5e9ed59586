import { median } from '@paceline/kit/statistics';
import { digits, times } from '@paceline/kit/table';
import { monotonic } from '@paceline/kit/waiting';
import type { Variant } from '../contenders/all.ts';
import { type WorkloadOutcome, tableOf, type Workload } from '../report.ts';
import { assemble } from '../team.ts';
import { compare, endless, limitsFor, oneByOne, contenderColumns } from './comparison.ts';

const processes = 3;
const inFlight = 64;
const warmUpMs = 1_500;
const slices = 5;
const sliceMs = 1_000;

type Flooded = Awaited<ReturnType<typeof flood>>;

async function flood(variant: Variant) {
  await using team = await assemble(variant.contender, { processes, home: variant.home });
  const { floodKeys } = variant.contender;
  const keysOf = (index: number) =>
    Array.from({ length: floodKeys }, (_, key) => (floodKeys > 1 ? `w7-${index}-${key}` : 'w7'));
  const endlessly = endless(variant.contender);
  for (const [index, caller] of team.callers.entries())
    await caller.do('limit', limitsFor(keysOf(index), inFlight, endlessly));
  const start = monotonic() + warmUpMs;
  const counts = await Promise.all(
    team.callers.map((caller, index) =>
      caller.do('flood', { keys: keysOf(index), inFlight, start, slices, sliceMs }),
    ),
  );
  const perSlice = Array.from({ length: slices }, (_, slice) =>
    counts.reduce((sum, count) => sum + (count[slice] ?? 0), 0),
  );
  return { ...variant, processes: team.callers.length, perSecond: (median(perSlice) * 1_000) / sliceMs };
}

const fastest = (of: readonly Flooded[]): Flooded | undefined =>
  of.toSorted((a, b) => b.perSecond - a.perSecond)[0];

async function run(report: (line: string) => void): Promise<WorkloadOutcome> {
  const results = await oneByOne(flood, report);
  const { relaxed, safest, peers, ratio, against } = compare(results, ({ perSecond }) => perSecond);
  const equal = fastest(peers.filter(({ survives }) => survives === 'power cut'));
  const any = fastest(peers.filter(({ contender }) => contender.shared));
  const winsEqual = safest.perSecond > (equal?.perSecond ?? 0);
  const winsAny = relaxed.perSecond >= (any?.perSecond ?? 0);
  return {
    ...tableOf(results, {
      ...contenderColumns,
      survives: [({ survives }) => survives],
      processes: [(each) => each.processes],
      'calls/s': [({ perSecond }) => perSecond, digits],
      'Paceline is … times as fast': [ratio, times],
    }),
    notes: [
      `${inFlight} requests in flight in each of ${processes} processes (one where the limit is per process), calls that take no time, no window that is ever full: ours over ${processes} × 1,000 accounts, peers with an unreachable limit. Median of ${slices} seconds in a row, after a warm-up of ${warmUpMs} ms. Peers that survive a power cut are compared with our default, the others with NATS_SYNC_INTERVAL=2m.`,
      'Jobs of one turn are sent together where a peer has a way to do so (addBulk, insert, addJobs).',
    ],
    summary: {
      measure: 'calls/s',
      ours: `${digits(relaxed.perSecond)}; synced ${digits(safest.perSecond)}`,
      against,
      met: winsEqual && winsAny,
      remark: `${[
        `the fastest peer that survives a power cut: ${nameOf(equal)}`,
        `the fastest that several processes share: ${nameOf(any)}`,
      ].join(
        '; ',
      )}. A counter in Redis has no order, no estimates and no end of a call; one in process memory is a function call that no other process sees`,
    },
  };
}

const nameOf = (peer: Flooded | undefined): string =>
  peer ? `${peer.contender.name} with ${digits(peer.perSecond)}/s` : 'none';

export const flooded: Workload = {
  id: 'W7',
  title: 'Flood',
  goal: 'more than every peer at equal durability; at least the fastest at any',
  run,
};
