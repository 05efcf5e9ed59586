import type { Contender, Home } from './contenders/contender.ts';
import { startLimiters } from './limiters.ts';
import { type Caller, startCaller } from './processes.ts';
import { nowhere, type Server, startDatabase, startRedis } from './servers.ts';

/** A contender with what it runs on, and the processes that use it. */
export interface Team extends AsyncDisposable {
  readonly contender: Contender;
  readonly server: Server;
  readonly callers: readonly [Caller, ...Caller[]];
}

interface TeamOptions {
  /** How many processes call; a contender whose limit is one process's gets one. */
  readonly processes: number;
  readonly home?: Home;
  /** How long the windows are that it will be told to keep. */
  readonly windowMs?: number;
}

export async function assemble(contender: Contender, options: TeamOptions): Promise<Team> {
  const { processes, home = contender.home, windowMs = 1_000 } = options;
  const server = await startServer(home, windowMs);
  const others = contender.shared ? processes - 1 : 0;
  const callers = [startCaller(), ...Array.from({ length: others }, () => startCaller())] as const;
  const end = async () => {
    await Promise.all(callers.map((caller) => caller.kill()));
    await server.stop();
  };
  try {
    // One after the other: the first one makes the tables.
    for (const [index, caller] of callers.entries()) {
      await caller.do('open', { id: contender.id, address: server.address, index });
    }
  } catch (error) {
    await end();
    throw error;
  }
  return { contender, server, callers, [Symbol.asyncDispose]: end };
}

/**
 * Starts what keeps a contender's state.
 * @param minuteMs how long the limiter's minute takes
 */
function startServer(home: Home, minuteMs: number): Promise<Server> {
  switch (home) {
    case 'redis':
      return startRedis(false);
    case 'redis-synced':
      return startRedis(true);
    case 'postgres':
      return startDatabase();
    case 'limiter':
      return startLimiters({ minuteMs });
    case 'limiter-synced':
      return startLimiters({ minuteMs, synced: true });
    default:
      return Promise.resolve(nowhere);
  }
}
