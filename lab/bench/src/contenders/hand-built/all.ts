import { bare } from './bare.ts';
import { bullmq } from './bullmq.ts';
import { graphile } from './graphile.ts';
import type { HandBuilt, QueueSettings } from './queue.ts';

/** What a team would build instead of Paceline. */
export const peers: readonly HandBuilt[] = [bullmq, graphile];
export const handBuilt: readonly HandBuilt[] = [...peers, bare];

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
