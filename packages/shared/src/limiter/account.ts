import { createHash } from 'node:crypto';

/** The name under which one API key's windows are kept: tells keys apart without telling the key. */
export const accountOf = (apiKey: string): string =>
  `key-${createHash('sha256').update(apiKey).digest('hex').slice(0, 12)}`;

/** How many journals the accounts are spread over: fixed for good, since it decides where an account's ledger is. */
const partitions = 8;

/** The partition (0…7) that an account belongs to. */
export const partitionOf = (account: string): number =>
  createHash('sha256').update(account).digest().readUInt32BE(0) % partitions;

export const allPartitions: readonly number[] = Array.from({ length: partitions }, (_, index) => index);
