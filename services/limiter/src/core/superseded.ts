import type { Ledger } from './ledger.ts';

/** Somebody else has claimed the partition since: whoever notices may no longer answer for it. */
export class Superseded extends Error {
  override name = 'Superseded';
  /** The epoch of that claim, as a permit of it tells. */
  readonly epoch: number;

  constructor(epoch: number) {
    super(`permits were granted under the later claim ${epoch}`);
    this.epoch = epoch;
  }
}

/** A permit's id begins with the epoch of the ledger that granted it. */
export const permitId = (epoch: number, count: number, ticket: string): string =>
  `${epoch}-${count}-${ticket}`;

/** Whether a permit was granted to a ticket. */
export const isFor = (permit: string, ticket: string): boolean => ticketOf(permit) === ticket;

const ticketOf = (permit: string): string => permit.slice(permit.indexOf('-', permit.indexOf('-') + 1) + 1);

/**
 * @throws {Superseded} when the permit was granted under a later claim than this ledger's; where a journal is known to
 *   be lost it may have been an earlier one, of which nothing is known any more
 */
export function demandOurs(ledger: Ledger, permit: string): void {
  const epoch = Number.parseInt(permit, 10);
  if (epoch > ledger.epoch && ledger.lostAt === null) throw new Superseded(epoch);
}
