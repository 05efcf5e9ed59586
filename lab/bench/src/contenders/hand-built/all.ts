import { bullmq } from './bullmq.ts';
import { graphile } from './graphile.ts';
import type { HandBuilt, QueueSettings } from './queue.ts';

export const handBuilt: readonly HandBuilt[] = [bullmq, graphile];

/** What a process of a hand-built system is started with, as JSON in its first argument. */
export interface ProcessArguments extends QueueSettings {
  readonly id: HandBuilt['id'];
  /** Of the server. */
  readonly port: number;
}

export function readArguments(): ProcessArguments & { readonly queue: HandBuilt } {
  const given = JSON.parse(process.argv[2] ?? '{}') as ProcessArguments;
  const queue = handBuilt.find(({ id }) => id === given.id);
  if (!queue) throw new Error(`no hand-built system ${given.id}`);
  return { ...given, queue };
}
