import { meter } from '@paceline/shared/telemetry';

/** More commands wait to be stored than the configuration allows. */
export class CommandQueueFull extends Error {
  override name = 'CommandQueueFull';

  constructor(bound: number) {
    super(`${bound} commands wait to be stored already; API_COMMAND_QUEUE allows no more`);
  }
}

const queued = meter().createUpDownCounter('paceline.commands.queued', {
  unit: '{command}',
  description: 'Commands that wait until the database has stored them',
});
queued.add(0);

/** Does work that stores a command, while fewer than `bound` wait. @throws {CommandQueueFull} before the work begins */
export type CommandQueue = <T>(store: () => Promise<T>) => Promise<T>;

export function commandQueue(bound: number): CommandQueue {
  let waiting = 0;
  return async (store) => {
    if (waiting >= bound) throw new CommandQueueFull(bound);
    waiting += 1;
    queued.add(1);
    try {
      return await store();
    } finally {
      waiting -= 1;
      queued.add(-1);
    }
  };
}
