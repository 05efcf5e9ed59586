import type { Ledger } from './budget.ts';

/** Somebody else has claimed the partition since: whoever notices may no longer answer for it. */
export class Superseded extends Error {
  override name = 'Superseded';
}

/** A permit's id begins with the epoch of the ledger that granted it. */
export const permitId = (epoch: number, count: number, ticket: string): string =>
  `${epoch}-${count}-${ticket}`;

/** @throws {Superseded} when the permit was granted under a later claim than this ledger's */
export function demandOurs(ledger: Ledger, permit: string): void {
  if (Number.parseInt(permit, 10) > ledger.epoch) throw new Superseded('a later owner has granted permits');
}
