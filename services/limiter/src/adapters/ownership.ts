import type { Subscription } from '@nats-io/nats-core';
import type { Machine } from '@paceline/shared/clock';
import { ConfigError } from '@paceline/shared/config';
import { catalog } from '@paceline/shared/contracts';
import { isDatabaseUnavailable } from '@paceline/shared/database/pool';
import { type Bus, respond, signal } from '@paceline/shared/messaging';
import { type OwnershipPlan, planOwnership } from '../core/ownership.ts';
import type { Partition } from './partition.ts';
import { type LimiterPresence, startPresence } from './presence.ts';

/** Rounds for which a partition must be assigned to another limiter before it is released, so that a brief join moves nothing. */
const releaseAfterRounds = 4;

/** Claims a partition, and calls `onClaimed` with the journal sequence of each claim. */
export type OpenPartition = (onClaimed: (claim: number) => void) => Partition;

/** A partition that this process owns. */
interface Tenure {
  readonly partition: Partition;
  readonly subscriptions: readonly Subscription[];
  claim: number | null;
  /** Consecutive rounds in which it was assigned to another limiter. */
  surplusRounds: number;
  /** Set once the partition is being released. */
  ending?: Promise<void>;
}

/**
 * Shares the partitions with the other limiters: claims those that are assigned to it and have no owner, and releases those
 * assigned to another. Only the journal decides who may commit; this decides who tries.
 */
export class SharedOwnership {
  readonly #bus: Bus;
  readonly #machine: Machine;
  readonly #limiter: string;
  readonly #openers: ReadonlyMap<number, OpenPartition>;
  readonly #presence: LimiterPresence;
  readonly #tenures = new Map<number, Tenure>();
  #closing = false;

  /** @param openers how to open each partition, by its index */
  constructor(bus: Bus, machine: Machine, limiter: string, openers: ReadonlyMap<number, OpenPartition>) {
    this.#bus = bus;
    this.#machine = machine;
    this.#limiter = limiter;
    this.#openers = openers;
    this.#presence = startPresence({
      bus,
      machine,
      limiter,
      owns: () => [...this.#tenures].map(([partition, { claim }]) => ({ partition, claim })),
      onRound: () => this.#onRound(),
      onChange: () => this.#applyPlan(),
    });
  }

  owned(): Partition[] {
    return [...this.#tenures.values()].map(({ partition }) => partition);
  }

  /** Whether the partition has an owner that can answer: this process, or another that announced it. */
  ready(index: number): boolean {
    const others = [...this.#presence.members().values()].flatMap(({ owns }) => owns);
    return (
      this.#tenures.get(index)?.partition.ready() === true ||
      others.some(({ partition, claim }) => partition === index && claim !== null)
    );
  }

  /** Why the database keeps this process from taking the partition over; undefined: it doesn't, or another process owns it. */
  databaseError(index: number): Error | undefined {
    const error = this.ready(index) ? undefined : this.#tenures.get(index)?.partition.takeoverError();
    return isDatabaseUnavailable(error) || error instanceof ConfigError ? (error as Error) : undefined;
  }

  /** Releases every partition, and announces that this limiter leaves. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const index of this.#tenures.keys()) this.#release(index);
    await Promise.all([...this.#tenures.values()].flatMap(({ ending }) => ending ?? []));
    this.#presence.leave();
  }

  #plan(): OwnershipPlan {
    return planOwnership({
      limiter: this.#limiter,
      own: new Map([...this.#tenures].map(([index, { claim }]) => [index, claim])),
      members: this.#presence.members(),
      partitions: [...this.#openers.keys()],
    });
  }

  #onRound(): void {
    const { release } = this.#plan();
    for (const [index, tenure] of this.#tenures) {
      tenure.surplusRounds = release.includes(index) ? tenure.surplusRounds + 1 : 0;
      if (tenure.surplusRounds >= releaseAfterRounds) this.#release(index);
    }
    this.#applyPlan();
  }

  #applyPlan(): void {
    if (this.#closing) return;
    const { claim, lost } = this.#plan();
    for (const index of lost) this.#release(index);
    if (this.#presence.isSynced()) for (const index of claim) this.#claim(index);
  }

  #claim(index: number): void {
    const partition = this.#openers.get(index)?.((claim) => {
      tenure.claim = claim;
      this.#presence.announce();
      signal(this.#bus, catalog.partitionClaimed, { partition: index }, {});
    });
    if (!partition) return;
    const subscriptions = subscribe(this.#bus, index, partition, this.#machine);
    const tenure: Tenure = { partition, subscriptions, claim: null, surplusRounds: 0 };
    this.#tenures.set(index, tenure);
    // Announced before the journal has the claim, so that the owner it fences off does not claim the partition back.
    this.#presence.announce();
    this.#bus.log.info({ partition: index }, 'partition claimed');
    void partition.ended.then(() => {
      if (tenure.ending) return;
      for (const subscription of subscriptions) subscription.unsubscribe();
      this.#end(index);
    });
  }

  #release(index: number): void {
    const tenure = this.#tenures.get(index);
    if (tenure) tenure.ending ??= close(tenure).then(() => this.#end(index));
  }

  #end(index: number): void {
    this.#tenures.delete(index);
    this.#presence.announce();
    this.#bus.log.info({ partition: index }, 'partition released');
  }
}

/** Accepts no new requests, handles those received, and finishes the current turn. */
async function close({ subscriptions, partition }: Tenure): Promise<void> {
  await Promise.all(subscriptions.map((subscription) => subscription.drain()));
  await partition.close();
}

/** Serves a partition's requests from the broker until the subscriptions end. */
export function subscribe(bus: Bus, index: number, partition: Partition, machine: Machine): Subscription[] {
  const tokens = { partition: index };
  return [
    respond(bus, catalog.requestPermits, tokens, ({ requests }, reply) =>
      partition.handle(requests, (replies) => reply({ replies: [...replies] })),
    ),
    respond(bus, catalog.operate, tokens, (operation, reply) => partition.operate(operation, reply)),
    respond(bus, catalog.status, tokens, ({ account }, reply, fail) =>
      replyWhenReady(machine, () => partition.status(account), reply, fail),
    ),
    respond(bus, catalog.windows, tokens, ({ account, waiting }, reply, fail) =>
      replyWhenReady(machine, () => partition.windows(account, waiting), reply, fail),
    ),
  ];
}

/** Real ms between two attempts to reply, and their number: shorter than the API's request timeout. */
const retryMs = 50;
const maxRetries = 30;

/** Replies as soon as the partition has read its journal: it is requested during a takeover, too. */
function replyWhenReady<View>(
  machine: Machine,
  find: () => View | undefined,
  reply: (view: View) => void,
  fail: (error: Error) => void,
  retries = maxRetries,
): void {
  const view = find();
  if (view !== undefined) reply(view);
  else if (retries === 0) fail(new Error('the journal is still being read'));
  else machine.after(retryMs, () => replyWhenReady(machine, find, reply, fail, retries - 1));
}
