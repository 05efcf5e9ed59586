import { meter } from '@paceline/shared/telemetry';
import { count } from '@paceline/shared/words';

export class CommandQueueFull extends Error {
  override name = 'CommandQueueFull';

  constructor(limit: number) {
    super(`Command queue full: ${count(limit, 'command')} waiting to be stored (API_COMMAND_QUEUE)`);
  }
}

const queuedCommands = meter().createUpDownCounter('paceline.commands.queued', {
  unit: '{command}',
  description: 'Commands waiting to be stored in the database',
});
queuedCommands.add(0);

/** Runs `store`, unless `limit` commands are waiting already. @throws {CommandQueueFull} without running it */
export type CommandQueue = <T>(store: () => Promise<T>) => Promise<T>;

export function commandQueue(limit: number): CommandQueue {
  let waiting = 0;
  return async (store) => {
    if (waiting >= limit) throw new CommandQueueFull(limit);
    waiting += 1;
    queuedCommands.add(1);
    try {
      return await store();
    } finally {
      waiting -= 1;
      queuedCommands.add(-1);
    }
  };
}
