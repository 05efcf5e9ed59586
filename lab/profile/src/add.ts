import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  addRider,
  commandsEnded,
  cpuPerUnit,
  type LoadResult,
  onStack,
  raiseLimits,
  runLoad,
} from '@paceline/kit/load';
import { processesOf } from '@paceline/kit/processes';
import type { TestStack } from '@paceline/kit/stack';
import { recordStatements, type Statement, statementCounts, transactionsOf } from '@paceline/kit/statements';
import { quantile } from '@paceline/kit/statistics';
import { countMessages, type MessageCounts } from './counters.ts';
import { garbageOf } from './garbage.ts';
import type { InsideReport } from './inside.ts';
import { watch, watched } from './outside.ts';

export type AddFigures = Awaited<ReturnType<typeof measureAdds>>;

export const inFlight = 16;

/** Real ms of the windows with Postgres's log. */
const sqlMs = 1_500;

/** The work of one added rider. @param lasts real ms per figure @param cpu also takes CPU profiles, in a window of their own */
export async function measureAdds(lasts: number, cpu: boolean) {
  const stateFolder = await mkdtemp(join(tmpdir(), 'paceline-profile-'));
  return onStack(watched(stateFolder), (stack) => measureOn(stack, lasts, cpu), { stateFolder });
}

async function measureOn(stack: TestStack, lasts: number, cpu: boolean) {
  const load = (until: '202' | 'done', ms = lasts, atOnce = inFlight) =>
    runLoad(processesOf(stack), { inFlight: atOnce, lasts: ms, once: () => addRider(stack.apiUrls, until) });
  await raiseLimits(stack);
  // Warm-up.
  await load('done');
  const work = await watch(stack, false, () => countMessages(stack, () => load('done')));
  const accepted = await load('202');
  await commandsEnded(stack);
  const database = { url: stack.databaseUrl, logFile: join(stack.stateFolder, 'postgres', 'data.log') };
  const busy = await recordStatements(database, () => load('done', sqlMs));
  const quiet = await recordStatements(database, () => load('done', sqlMs, 1));
  const idle = await recordStatements(database, () => sleep(sqlMs));
  const idlePerSecond = (idle.statements.length / sqlMs) * 1_000;
  const profiled = cpu ? await watch(stack, true, () => load('done')) : undefined;
  const { result: done, counts } = work.result;
  return {
    done: timesOf(done),
    accepted: timesOf(accepted),
    cpu: { ...cpuPerUnit(done), others: done.cpu.others / done.ms },
    statements: { busy: statementsOf(busy, idlePerSecond), quiet: statementsOf(quiet, idlePerSecond) },
    messages: messagesOf(counts, done.completed),
    heap: heapOf(work.reports, done.completed),
    profiles: profiled && { cpu: cpuPerUnit(profiled.result), reports: profiled.reports },
  };
}

const timesOf = ({ completed, refused, perSecond, took }: LoadResult) => ({
  adds: completed,
  refused,
  perSecond,
  /** Real ms. */
  p50: quantile(took, 0.5),
  p99: quantile(took, 0.99),
});

/** @param idlePerSecond statements that the same system runs without adds */
function statementsOf(
  { result, statements }: { result: LoadResult; statements: readonly Statement[] },
  idlePerSecond: number,
) {
  const adds = result.completed;
  const { all, writing } = transactionsOf(statements);
  return {
    perAdd: statements.length / adds,
    meanwhile: idlePerSecond / result.perSecond,
    prepared: statements.filter(({ prepared }) => prepared).length / adds,
    transactions: all / adds,
    writing: writing / adds,
    of: statementCounts(statements, adds),
  };
}

const messagesOf = ({ streams, received, sent }: MessageCounts, adds: number) => ({
  streams: streams.map(([name, stored]) => ({ name, stored: stored / adds })),
  received: received / adds,
  sent: sent / adds,
});

const heapOf = (reports: ReadonlyMap<string, InsideReport>, adds: number) =>
  [...reports]
    .map(([name, report]) => {
      const { allocated, ms } = garbageOf(report);
      return { name, allocated: allocated / adds, gcMs: ms / adds };
    })
    .toSorted((one, other) => other.allocated - one.allocated);
