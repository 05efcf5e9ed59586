import { join } from 'node:path';
import type { Duties, CallRecord } from './caller.ts';
import type { Contender, Home, ContenderLimit } from './contenders/contender.ts';
import { startLimiters } from './limiters.ts';
import { startWorker, type Worker } from './processes.ts';
import { nowhere, type Server, startDatabase, startRedis } from './servers.ts';

/** A process that makes calls. */
export type CallerProcess = Worker<Duties>;

export const startCaller = (execArgv: readonly string[] = []): CallerProcess =>
  startWorker<Duties>(join(import.meta.dirname, 'caller.ts'), execArgv);

/** A contender with its server and the processes that use it. */
export type Team = Awaited<ReturnType<typeof assemble>>;

interface TeamOptions {
  /** Number of calling processes; one for contenders that don't share a limit. */
  readonly processes: number;
  readonly home?: Home;
  /** Window length. */
  readonly windowMs?: number;
}

export async function assemble(contender: Contender, options: TeamOptions) {
  const { processes, home = contender.home, windowMs = 1_000 } = options;
  const server = await startServer(home, windowMs);
  const others = contender.shared ? processes - 1 : 0;
  const callers = [startCaller(), ...Array.from({ length: others }, () => startCaller())] as const;
  const end = async () => {
    await Promise.all(callers.map((caller) => caller.kill()));
    await server.stop();
  };
  try {
    for (const [index, caller] of callers.entries()) {
      await caller.do('open', { id: contender.id, address: server.address, index });
    }
  } catch (error) {
    await end();
    throw error;
  }
  return {
    server,
    callers,
    /** Creates the limits in each process in turn, because the first one creates the tables. */
    async limit(limits: readonly ContenderLimit[]) {
      for (const caller of callers) await caller.do('limit', limits);
    },
    /** Calls of all processes since the last time. */
    collect: async (): Promise<CallRecord[]> =>
      (await Promise.all(callers.map((caller) => caller.do('collect')))).flat(),
    [Symbol.asyncDispose]: end,
  };
}

/** Starts the server with a contender's state. @param minuteMs real ms per minute of the limiter */
async function startServer(home: Home, minuteMs: number): Promise<Server> {
  if (home === 'memory') return nowhere;
  if (home === 'postgres') return startDatabase();
  if (home === 'redis' || home === 'redis-synced') return startRedis(home === 'redis-synced');
  return startLimiters({ minuteMs, synced: home === 'limiter-synced' });
}
