import type { Interval } from '@paceline/shared/contracts';
import { Sorted } from './sorted.ts';

const arrivesBefore = (a: Interval, b: Interval): boolean =>
  a.arrivesBy === b.arrivesBy ? a.permit < b.permit : a.arrivesBy < b.arrivesBy;
const arrivesBy = (call: Interval): number => call.arrivesBy;

/**
 * The started calls of one budget, in the order of their starts. A decision looks at few of them, however many calls a
 * window allows: lookups and changes take logarithmic time, besides what the calls under way take.
 */
export class Calls {
  readonly #byPermit = new Map<string, Interval>();
  readonly #byTicket = new Map<string, Interval>();
  readonly #settled = new Sorted(arrivesBefore, arrivesBy);
  readonly #open = new Sorted(arrivesBefore, arrivesBy);

  constructor(calls: Iterable<Interval> = []) {
    for (const call of calls) this.add(call);
  }

  [Symbol.iterator](): Iterator<Interval> {
    return this.#byPermit.values();
  }

  get(permit: string): Interval | undefined {
    return this.#byPermit.get(permit);
  }

  /** The call that was started for a ticket. */
  ofTicket(ticket: string): Interval | undefined {
    return this.#byTicket.get(ticket);
  }

  /** Adds a call, or replaces the one with its permit, which keeps its place. */
  add(call: Interval): void {
    const known = this.#byPermit.get(call.permit);
    if (known) this.#sectionOf(known).delete(known);
    this.#byPermit.set(call.permit, call);
    this.#byTicket.set(ticketOf(call.permit), call);
    this.#sectionOf(call).add(call);
  }

  delete(permit: string): void {
    const call = this.#byPermit.get(permit);
    if (!call) return;
    this.#byPermit.delete(permit);
    const ticket = ticketOf(permit);
    if (this.#byTicket.get(ticket) === call) this.#byTicket.delete(ticket);
    this.#sectionOf(call).delete(call);
  }

  settle(permit: string, latest: number): void {
    const call = this.#byPermit.get(permit);
    if (call) this.add({ ...call, arrivesBy: latest, settled: true });
  }

  /** Forgets the calls that arrived at `time` or before. */
  forgetUntil(time: number): void {
    for (const section of [this.#settled, this.#open]) {
      for (let first = section.first(); first && first.arrivesBy <= time; first = section.first())
        this.delete(first.permit);
    }
  }

  /** How many calls may arrive after `time`. */
  countAfter(time: number): number {
    return countAfter(this.#settled, time) + countAfter(this.#open, time);
  }

  /** The calls that may arrive after `time`, in the order of their starts. */
  after(time: number): Interval[] {
    return [...this].filter((call) => call.arrivesBy > time);
  }

  /** The calls under way: not settled, and may arrive after `time`. */
  openAfter(time: number): Interval[] {
    if (this.#open.size === 0) return [];
    const first = this.#open.size - countAfter(this.#open, time);
    return Array.from(
      { length: this.#open.size - first },
      (_, index) => this.#open.at(first + index) as Interval,
    );
  }

  /** The earliest latest arrival after `time`; Infinity without one. */
  nextArrival(time: number): number {
    const next = (section: Sorted<Interval>) =>
      section.at(section.size - countAfter(section, time))?.arrivesBy ?? Infinity;
    return Math.min(next(this.#settled), next(this.#open));
  }

  /** The last latest arrival; -Infinity without a call. */
  lastArrival(): number {
    const last = (section: Sorted<Interval>) => section.at(section.size - 1)?.arrivesBy ?? -Infinity;
    return Math.max(last(this.#settled), last(this.#open));
  }

  /**
   * The end at `rank` (from 0) among those of the settled calls that arrived after `time` and those given.
   * @param ends in order; more than `rank` with those of the settled calls
   */
  endAt(rank: number, time: number, ends: readonly number[]): number {
    const gone = this.#settled.size - countAfter(this.#settled, time);
    const settled = (index: number) => this.#settled.at(gone + index)?.arrivesBy ?? Infinity;
    // How many of the given ends come before that rank.
    let [low, high] = [0, Math.min(ends.length, rank)];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ends[middle] ?? Infinity) < settled(rank - middle - 1)) low = middle + 1;
      else high = middle;
    }
    return Math.min(ends[low] ?? Infinity, settled(rank - low));
  }

  #sectionOf({ settled }: Interval): Sorted<Interval> {
    return settled ? this.#settled : this.#open;
  }
}

const countAfter = (section: Sorted<Interval>, time: number): number =>
  section.size - section.leading((call) => call.arrivesBy <= time);

/** A permit's id starts with the epoch of the ledger that granted it. */
export const permitId = (epoch: number, count: number, ticket: string): string =>
  `${epoch}-${count}-${ticket}`;

export const ticketOf = (permit: string): string =>
  permit.slice(permit.indexOf('-', permit.indexOf('-') + 1) + 1);
