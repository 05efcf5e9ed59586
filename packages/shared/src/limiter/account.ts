import { createHash } from 'node:crypto';

/** The account name of an API key: a hash, so that it doesn't reveal the key. */
export const accountOf = (apiKey: string): string =>
  `key-${createHash('sha256').update(apiKey).digest('hex').slice(0, 12)}`;

/** The number of journals. It must never change, because it decides which partition holds an account's ledger. */
const partitions = 8;

/** The partition (0…7) that an account belongs to. */
export const partitionOf = (account: string): number =>
  createHash('sha256').update(account).digest().readUInt32BE(0) % partitions;

export const allPartitions: readonly number[] = Array.from({ length: partitions }, (_, index) => index);
