import { setTimeout as sleep } from 'node:timers/promises';
import { cpuBetween, cpuTimes, memoryOf } from '@paceline/kit/processes';
import { recordStatements } from '@paceline/kit/statements';
import { sum } from '@paceline/kit/statistics';
import { digits, percent, times } from '@paceline/kit/table';
import { type CommandContender, idleContenders } from '../contenders/command-systems.ts';
import { tableOf, type Workload, type WorkloadOutcome } from '../report.ts';
import { against, contenderColumns } from './comparison.ts';

/** Real ms that a system needs to come to rest after its start. */
const settleMs = 15_000;
const lastsMs = 30_000;

const measure = ({ contender, on }: CommandContender) =>
  on(async ({ processes, database }) => {
    // Upstream is the same for all.
    const own = processes.filter(({ name }) => name !== 'sandbox');
    await sleep(settleMs);
    const { result: cpu, statements } = await recordStatements(database, async () => {
      const before = await cpuTimes(own);
      await sleep(lastsMs);
      return cpuBetween(before, await cpuTimes(own));
    });
    const memory = await memoryOf(own);
    const used = cpu.of.filter(([name]) => name !== 'client');
    return {
      contender,
      processes: own.length,
      /** Share of a core. */
      cpu: sum(used.map(([, ms]) => ms)) / cpu.ms,
      statements: (statements.length / cpu.ms) * 1_000,
      rss: sum(memory.map(({ rss }) => rss)),
      pss: sum(memory.map(({ pss }) => pss)),
    };
  });

const mebibytes = (bytes: number) => digits(bytes / 1_048_576);

async function run(report: (line: string) => void): Promise<WorkloadOutcome> {
  const results: Array<Awaited<ReturnType<typeof measure>>> = [];
  for (const each of idleContenders) {
    report(`${each.contender.name} (${each.contender.as})`);
    results.push(await measure(each));
  }
  const [ours, ...peers] = results;
  if (!ours) throw new Error('nothing was measured of Paceline');
  return {
    ...tableOf(results, {
      ...contenderColumns,
      processes: [(each) => each.processes],
      'CPU of a core': [({ cpu }) => cpu, percent],
      'SQL statements/s': [({ statements }) => statements, digits],
      'resident MiB': [({ rss }) => rss, mebibytes],
      'proportional MiB': [({ pss }) => pss, mebibytes],
    }),
    notes: [
      `The systems of W11 with nothing to do, at the speed of real time, over ${lastsMs / 1_000} s after ${settleMs / 1_000} s to settle: all processes with their servers, without the sandbox. Proportional: a page that several processes share counts in parts.`,
      'Paceline has five services: it also schedules syncs, keeps runs, judges freshness, watches the health of its parts and serves a dashboard. The peers have a server and a worker.',
    ],
    summary: {
      measure: 'CPU of a core; memory',
      ours: `${percent(ours.cpu)}; ${mebibytes(ours.rss)} MiB`,
      against: against(
        peers,
        (each) => `CPU ${times(each.cpu / ours.cpu)}; memory ${times(each.rss / ours.rss)}`,
      ),
      met: ours.cpu <= 0.02 && ours.statements <= 1,
      remark: `${digits(ours.statements)} SQL statements a second, ${mebibytes(ours.pss)} MiB when shared pages count once`,
    },
  };
}

export const atRest: Workload = {
  id: 'W12',
  title: 'At rest',
  goal: '≤ 2 % of a core and ≤ 1 SQL statement a second',
  run,
};
