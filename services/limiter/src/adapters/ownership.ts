import type { Subscription } from '@nats-io/nats-core';
import type { Machine } from '@paceline/shared/clock';
import { catalog } from '@paceline/shared/contracts';
import { type Bus, respond, signal } from '@paceline/shared/messaging';
import { type Duties, dutiesOf } from '../core/duties.ts';
import type { Partition } from './partition.ts';
import { type Presence, startPresence } from './presence.ts';

/** Rounds for which a partition must have been another's before it is handed over: who only looks in moves nothing. */
const patience = 4;

/** Claims a partition, and calls `onClaimed` with the sequence of each claim that it commits to the journal. */
export type Open = (onClaimed: (claim: number) => void) => Partition;

/** A partition that this process owns. */
interface Tenure {
  readonly partition: Partition;
  readonly subscriptions: readonly Subscription[];
  claim: number | null;
  /** For how many rounds it has been another's share. */
  anothersFor: number;
  /** There once it is being handed over. */
  ending?: Promise<void>;
}

/**
 * Shares the partitions with the other limiters: takes those of its share that nobody owns, and hands over those that
 * are another's share. The journal alone decides who may commit; this only decides who tries.
 */
export class SharedOwnership {
  readonly #bus: Bus;
  readonly #limiter: string;
  readonly #openings: ReadonlyMap<number, Open>;
  readonly #presence: Presence;
  readonly #tenures = new Map<number, Tenure>();
  #closing = false;

  /** @param openings how to open each of the partitions */
  constructor(bus: Bus, machine: Machine, limiter: string, openings: ReadonlyMap<number, Open>) {
    this.#bus = bus;
    this.#limiter = limiter;
    this.#openings = openings;
    this.#presence = startPresence({
      bus,
      machine,
      limiter,
      owns: () => [...this.#tenures].map(([partition, { claim }]) => ({ partition, claim })),
      onRound: () => this.#roundPassed(),
      onNews: () => this.#act(),
    });
  }

  owned(): Partition[] {
    return [...this.#tenures.values()].map(({ partition }) => partition);
  }

  /** Whether the partition has an owner that can answer: this process, or another that says so. */
  ready(index: number): boolean {
    const others = [...this.#presence.members().values()].flatMap(({ owns }) => owns);
    return (
      this.#tenures.get(index)?.partition.ready() === true ||
      others.some(({ partition, claim }) => partition === index && claim !== null)
    );
  }

  /** Lets go of everything, and tells the others. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const index of this.#tenures.keys()) this.#handOver(index);
    await Promise.all([...this.#tenures.values()].flatMap(({ ending }) => ending ?? []));
    this.#presence.leave();
  }

  #duties(): Duties {
    return dutiesOf({
      limiter: this.#limiter,
      mine: new Map([...this.#tenures].map(([index, { claim }]) => [index, claim])),
      members: this.#presence.members(),
      partitions: [...this.#openings.keys()],
    });
  }

  #roundPassed(): void {
    const { shed } = this.#duties();
    for (const [index, tenure] of this.#tenures) {
      tenure.anothersFor = shed.includes(index) ? tenure.anothersFor + 1 : 0;
      if (tenure.anothersFor >= patience) this.#handOver(index);
    }
    this.#act();
  }

  #act(): void {
    if (this.#closing) return;
    const { take, lost } = this.#duties();
    for (const index of lost) this.#handOver(index);
    if (this.#presence.hasListened()) for (const index of take) this.#begin(index);
  }

  #begin(index: number): void {
    const partition = this.#openings.get(index)?.((claim) => {
      tenure.claim = claim;
      this.#presence.tell();
      signal(this.#bus, catalog.partitionClaimed, { partition: index }, {});
    });
    if (!partition) return;
    const subscriptions = subscribe(this.#bus, index, partition);
    const tenure: Tenure = { partition, subscriptions, claim: null, anothersFor: 0 };
    this.#tenures.set(index, tenure);
    // The others know of it before the journal does: who is fenced off by this claim doesn't claim it again.
    this.#presence.tell();
    this.#bus.log.info({ partition: index }, 'partition taken');
    void partition.ended.then(() => {
      if (tenure.ending) return;
      for (const subscription of subscriptions) subscription.unsubscribe();
      this.#end(index);
    });
  }

  #handOver(index: number): void {
    const tenure = this.#tenures.get(index);
    if (tenure) tenure.ending ??= close(tenure).then(() => this.#end(index));
  }

  #end(index: number): void {
    this.#tenures.delete(index);
    this.#presence.tell();
    this.#bus.log.info({ partition: index }, 'partition given up');
  }
}

/** Takes no more requests, hands on those that have come, and finishes the turn that runs. */
async function close({ subscriptions, partition }: Tenure): Promise<void> {
  await Promise.all(subscriptions.map((subscription) => subscription.drain()));
  await partition.close();
}

/** Answers for a partition on the broker for as long as these subscriptions last. */
export function subscribe(bus: Bus, index: number, partition: Partition): Subscription[] {
  const tokens = { partition: index };
  return [
    respond(bus, catalog.requestPermits, tokens, ({ requests }, reply) =>
      partition.handle(requests, (answers) => reply({ replies: [...answers] })),
    ),
    respond(bus, catalog.operate, tokens, (operation, reply) => partition.operate(operation, reply)),
    respond(bus, catalog.status, tokens, ({ account }, reply) => {
      const status = partition.status(account);
      if (status) reply(status);
    }),
    respond(bus, catalog.windows, tokens, ({ account, waiting }, reply) => {
      const windows = partition.windows(account, waiting);
      if (windows) reply(windows);
    }),
  ];
}
