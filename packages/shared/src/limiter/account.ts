import { hash } from 'node:crypto';

/** The upstream of accounts that name none. */
const unnamedUpstream = 'zwiftracing';

/** The account name of an upstream's key: a hash, so that it doesn't reveal the key, after the upstream's name. */
export function accountOf(key: string, upstream = unnamedUpstream): string {
  const name = `key-${hash('sha256', key).slice(0, 12)}`;
  return upstream === unnamedUpstream ? name : `${upstream}:${name}`;
}

/** The number of journals. It must never change, because it decides which partition holds an account's ledger. */
const partitions = 8;

/** The partition (0…7) that an account belongs to. */
export const partitionOf = (account: string): number =>
  hash('sha256', account, 'buffer').readUInt32BE(0) % partitions;

export const allPartitions: readonly number[] = Array.from({ length: partitions }, (_, index) => index);
