import type { Clock } from '@paceline/shared/clock';
import { catalog } from '@paceline/shared/contracts';
import type { Database } from '@paceline/shared/database';
import { storedMessageId, publish } from '@paceline/shared/messaging';
import { type Logger, withTraceContext } from '@paceline/shared/telemetry';
import type { Broker } from '../broker.ts';
import { rounds } from '../rounds.ts';
import { inBatches } from './batches.ts';
import {
  findUnpublished,
  isStillOpen,
  listOpen,
  markPublished,
  type Publication,
  type Publishable,
  type Published,
} from './query.ts';
import type { CommandStore } from './store.ts';

const marksAtOnce = 500;

export function commandPublisher(broker: Broker, db: Database, clock: Clock, log: Logger) {
  const mark = inBatches<Publication, void>((each) => markPublished(db, each), marksAtOnce, clock.machine);
  const publishing = new Set<Promise<unknown>>();
  const marking = new Set<Promise<unknown>>();

  function markLater(commandId: string, sequence: number): void {
    const marked = mark({ commandId, sequence, at: clock.now() })
      .catch((err: unknown) => log.warn({ err, commandId }, 'failed to mark a command as published'))
      .finally(() => marking.delete(marked));
    marking.add(marked);
  }

  async function publishOnce(command: Publishable, lostAt?: number): Promise<void> {
    const { commandId, riderId, requestedAt, traceparent } = command;
    const bus = broker.bus();
    const once = { id: lostAt === undefined ? commandId : `${commandId}:after:${lostAt}` };
    await withTraceContext(traceparent === null ? {} : { traceparent }, async () => {
      const { sequence } =
        riderId === null
          ? await publish(bus, catalog.importRiders, { commandId, requestedAt }, once)
          : await publish(bus, catalog.addRider, { commandId, riderId, requestedAt }, once);
      markLater(commandId, sequence);
    });
  }

  return {
    /** Resolves when the stream has it; safe to repeat. @param lostAt the sequence at which the broker lost it */
    publish(command: Publishable, lostAt?: number): Promise<void> {
      const published = publishOnce(command, lostAt).finally(() => publishing.delete(published));
      publishing.add(published);
      return published;
    },
    /** Resolves when what was published is marked; the sweep publishes again what could not be. */
    marked: () => Promise.all(marking),
    async settled() {
      await Promise.allSettled(publishing);
      await Promise.all(marking);
    },
  };
}

type Publisher = ReturnType<typeof commandPublisher>;

/** Real ms. A request that is alive has usually published its command by then; a second time does no harm. */
const graceMs = 2_000;
const pauseMs = 1_000;
const publishedAtOnce = 100;
/** Open commands that are looked for in their stream in a round: in turn, so that many are no burden. */
const lookedFor = 20;

interface SweepPorts {
  readonly db: Database;
  readonly publisher: Publisher;
  readonly broker: Broker;
  readonly refused: CommandStore['refused'];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Withdraws refused commands, publishes what was left behind, and republishes what the broker has lost. */
export function startSweep({ db, publisher, broker, refused, clock, log }: SweepPorts) {
  let failing = false;
  let lookedUpTo = '';
  const findLost = async (before: number) => {
    const open = await listOpen(db, lookedUpTo, before, lookedFor);
    const lost = await Promise.all(open.map((command) => isLost(broker, db, command)));
    lookedUpTo = open.length < lookedFor ? '' : (open.at(-1)?.commandId ?? '');
    return open.filter((_, index) => lost[index]);
  };
  const publishLeft = async (command: Publishable) => {
    await publisher.publish(command);
    log.info({ commandId: command.commandId }, 'handed on a command that was left behind');
  };
  const publishLost = async (command: Published) => {
    await publisher.publish(command, command.sequence);
    log.warn({ commandId: command.commandId }, 'the broker had lost a command: handed on again');
  };
  const round = async () => {
    try {
      await refused.withdraw();
      await broker.reach();
      const before = clock.now() - clock.fromMachine(graceMs);
      const left = await findUnpublished(db, before, publishedAtOnce);
      // One may have been committed just now: the next round withdraws it.
      await Promise.all(left.filter((command) => !refused.has(command)).map(publishLeft));
      await Promise.all((await findLost(before)).map(publishLost));
      // Else the next round would find the same ones.
      await publisher.marked();
      failing = false;
    } catch (error) {
      if (!failing) log.warn({ err: error }, 'commands may be left behind, looking again every second');
      failing = true;
    }
  };
  return rounds(clock.machine, round, () => pauseMs);
}

/** Whether the broker has lost the message of a command, so that no service carries it out. @throws {BrokerAway} */
async function isLost(broker: Broker, db: Database, command: Published): Promise<boolean> {
  const message = command.riderId === null ? catalog.importRiders : catalog.addRider;
  const id = await storedMessageId(broker.bus(), message, command.sequence);
  if (id === command.commandId || id?.startsWith(`${command.commandId}:`)) return false;
  // The service stores how a command ended before it acknowledges the message.
  return isStillOpen(db, command);
}
