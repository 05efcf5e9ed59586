import type { AddCommand, Store } from './store.ts';

/** Addresses and limit of a hand-built system, as its processes get them. */
export interface QueueSettings {
  readonly databaseUrl: string;
  /** Of Redis or NATS; empty without. */
  readonly brokerUrl: string;
  readonly upstreamUrl: string;
  readonly limit: { readonly calls: number; readonly windowMs: number };
}

/** A queue of the server process. */
export interface ServerQueue {
  /** Stores the command and queues its job, and waits until it has ended, if at all, at most `waitMs`. @returns whether it has */
  submit(command: AddCommand, waitMs: number | undefined): Promise<boolean>;
  readonly store: Store;
}

/** A way to build the command path from a queue package. */
export interface HandBuilt {
  readonly id: 'bullmq' | 'graphile' | 'bare';
  /** The package, as in the other workloads. */
  readonly name: string;
  readonly as: string;
  readonly broker: 'redis' | 'nats' | 'none';
  /** Creates what the queue keeps in its servers. */
  migrate(settings: QueueSettings): Promise<void>;
  openServer(settings: QueueSettings): Promise<ServerQueue>;
  /** Grants permits in a process of its own. */
  openLimiter?(settings: QueueSettings): Promise<void>;
  /** Runs jobs, each after it got a permit. @param run fetches the rider and stores it with the end of its command */
  openWorker(
    settings: QueueSettings,
    run: (store: Store, command: AddCommand) => Promise<void>,
  ): Promise<void>;
}

/** Jobs that a worker runs at the same time. */
export const concurrency = 64;
