import type { Subscription } from '@nats-io/nats-core';
import type { Machine } from '@paceline/shared/clock';
import { catalog } from '@paceline/shared/contracts';
import { type Bus, respond, signal } from '@paceline/shared/messaging';
import { dutiesOf } from '../core/duties.ts';
import type { Partition } from './partition.ts';
import { startPresence } from './presence.ts';

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

/** This process's part in the ownership of all partitions. */
export interface Ownership {
  owned(): Partition[];
  /** Whether the partition has an owner that can answer: this process, or another that says so. */
  ready(partition: number): boolean;
  /** Lets go of everything, and tells the others. */
  close(): Promise<void>;
}

/**
 * Shares the partitions with the other limiters: takes those of its share that nobody owns, and hands over those that
 * are another's share. The journal alone decides who may commit; this only decides who tries.
 * Long: its small functions share the tenures.
 * @param openings how to open each of the partitions
 */
export function shareOwnership(
  bus: Bus,
  machine: Machine,
  limiter: string,
  openings: ReadonlyMap<number, Open>,
): Ownership {
  const partitions = [...openings.keys()];
  const tenures = new Map<number, Tenure>();
  let closing = false;
  const presence = startPresence({
    bus,
    machine,
    limiter,
    owns: () => [...tenures].map(([partition, { claim }]) => ({ partition, claim })),
    onRound() {
      const { shed } = duties();
      for (const [index, tenure] of tenures) {
        tenure.anothersFor = shed.includes(index) ? tenure.anothersFor + 1 : 0;
        if (tenure.anothersFor >= patience) handOver(index);
      }
      act();
    },
    onNews: () => act(),
  });

  const duties = () =>
    dutiesOf({
      limiter,
      mine: new Map([...tenures].map(([index, { claim }]) => [index, claim])),
      members: presence.members(),
      partitions,
    });

  function act(): void {
    if (closing) return;
    const { take, lost } = duties();
    for (const index of lost) handOver(index);
    if (presence.hasListened()) for (const index of take) begin(index);
  }

  function begin(index: number): void {
    const partition = openings.get(index)?.((claim) => {
      tenure.claim = claim;
      presence.tell();
      signal(bus, catalog.opened, { partition: index }, {});
    });
    if (!partition) return;
    const tenure: Tenure = {
      partition,
      subscriptions: subscribe(bus, index, partition),
      claim: null,
      anothersFor: 0,
    };
    tenures.set(index, tenure);
    // The others know of it before the journal does: who is fenced off by this claim doesn't claim it again.
    presence.tell();
    bus.log.info({ partition: index }, 'partition taken');
    void partition.ended.then(() => {
      if (tenure.ending) return;
      for (const subscription of tenure.subscriptions) subscription.unsubscribe();
      end(index);
    });
  }

  function handOver(index: number): void {
    const tenure = tenures.get(index);
    if (tenure) tenure.ending ??= close(tenure).then(() => end(index));
  }

  function end(index: number): void {
    tenures.delete(index);
    presence.tell();
    bus.log.info({ partition: index }, 'partition given up');
  }

  return {
    owned: () => [...tenures.values()].map(({ partition }) => partition),
    ready(index) {
      const others = [...presence.members().values()].flatMap(({ owns }) => owns);
      return (
        tenures.get(index)?.partition.ready() === true ||
        others.some(({ partition, claim }) => partition === index && claim !== null)
      );
    },
    async close() {
      closing = true;
      for (const index of tenures.keys()) handOver(index);
      await Promise.all([...tenures.values()].flatMap(({ ending }) => ending ?? []));
      presence.leave();
    },
  };
}

/** Takes no more asks, hands on those that have come, and finishes the turn that runs. */
async function close({ subscriptions, partition }: Tenure): Promise<void> {
  await Promise.all(subscriptions.map((subscription) => subscription.drain()));
  await partition.close();
}

/** Answers for a partition on the broker for as long as these subscriptions last. */
export function subscribe(bus: Bus, index: number, partition: Partition): Subscription[] {
  const tokens = { partition: index };
  return [
    respond(bus, catalog.ask, tokens, ({ asks }, reply) =>
      partition.ask(asks, (answers) => reply({ answers: [...answers] })),
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
