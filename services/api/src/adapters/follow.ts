import type { CommandChanged, Progress } from '@paceline/shared/contracts';

/** One command, watched by the request that has asked for it. */
export interface Following {
  /** What was last heard of the command. */
  last(): Progress | undefined;
  /** Returns when something was heard that is `enough`, or when the signal aborts. */
  until(enough: (progress: Progress) => boolean, signal: AbortSignal): Promise<void>;
  stop(): void;
}

export interface Follower {
  hear(change: Pick<CommandChanged, 'commandId' | 'progress'>): void;
  /** Must begin before the command is handed on, or its first changes are missed. */
  follow(commandId: string): Following;
}

/** Passes on what is heard of commands to the requests that wait for them. */
export function createFollower(): Follower {
  const watches = new Map<string, (progress: Progress) => void>();
  return {
    hear: ({ commandId, progress }) => watches.get(commandId)?.(progress),
    follow(commandId) {
      let last: Progress | undefined;
      let notify = () => {};
      watches.set(commandId, (progress) => {
        last = progress;
        notify();
      });
      return {
        last: () => last,
        until: (enough, signal) =>
          new Promise((resolve) => {
            notify = () => {
              if (signal.aborted || (last && enough(last))) resolve();
            };
            signal.addEventListener('abort', notify, { once: true });
            notify();
          }),
        stop: () => void watches.delete(commandId),
      };
    },
  };
}
