import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuBetween, cpuTimes, memoryOf, type NamedProcess } from '@paceline/kit/processes';
import { recordStatements, statementCounts, transactionsOf } from '@paceline/kit/statements';
import { sum } from '@paceline/kit/statistics';
import { smallHeap } from '@paceline/launcher';
import { countMessages } from './counters.ts';
import type { StartedSystem } from './launcher.ts';

export type RestFigures = Awaited<ReturnType<typeof measureRest>>;

/** Real ms that a system needs to come to rest after its start. */
const settleMs = 15_000;

/** A system with nothing to do, at the speed of real time, started as `npm start` does. @param lasts real ms */
export async function measureRest(lasts: number) {
  const launcher = fork(join(import.meta.dirname, 'launcher.ts'), { stdio: 'inherit', execArgv: smallHeap });
  const ended = once(launcher, 'exit');
  try {
    const [system] = (await once(launcher, 'message')) as [StartedSystem];
    await sleep(settleMs);
    return await measure(system, { name: 'launcher', pid: () => launcher.pid }, lasts);
  } finally {
    if (launcher.connected) launcher.disconnect();
    await ended;
  }
}

async function measure(system: StartedSystem, launcher: NamedProcess, lasts: number) {
  const { broker, databaseUrl: url, stateFolder } = system;
  const processes = [...system.pids.map(({ name, pid }) => ({ name, pid: () => pid })), launcher];
  const logFile = join(stateFolder, 'postgres', 'data.log');
  const { result, statements } = await recordStatements({ url, logFile }, () =>
    countMessages({ broker }, async () => {
      const before = await cpuTimes(processes);
      await sleep(lasts);
      return cpuBetween(before, await cpuTimes(processes));
    }),
  );
  const { result: cpu, counts } = result;
  const seconds = cpu.ms / 1_000;
  const memory = await memoryOf(processes);
  const shares = cpu.of
    .filter(([name]) => name !== 'client')
    .map(([name, ms]) => ({ name, share: ms / cpu.ms }));
  return {
    seconds,
    cpu: { of: shares, all: sum(shares.map(({ share }) => share)) },
    statements: {
      perSecond: statements.length / seconds,
      prepared: statements.filter(({ prepared }) => prepared).length / seconds,
      writing: transactionsOf(statements).writing / seconds,
      of: statementCounts(statements, seconds),
    },
    messages: {
      received: counts.received / seconds,
      sent: counts.sent / seconds,
      streams: counts.streams.map(([name, stored]) => ({ name, stored: stored / seconds })),
    },
    memory: {
      of: memory.toSorted((one, other) => other.pss - one.pss),
      rss: sum(memory.map(({ rss }) => rss)),
      pss: sum(memory.map(({ pss }) => pss)),
    },
  };
}
