import type { Home } from '../contenders/contender.ts';
import { startLimiters } from './limiters.ts';
import { startDatabase } from './postgres.ts';
import { startRedis } from './redis.ts';
import { nowhere, type Server } from './server.ts';

/**
 * Starts what keeps a contender's state.
 * @param minuteMs how long the limiter's minute takes
 */
export function startServer(home: Home, minuteMs: number): Promise<Server> {
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
